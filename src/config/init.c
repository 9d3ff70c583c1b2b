/* init.c: writes the configuration of `init`; see config.h. */
#include "bytes_internal.h"
#include "config.h"
#include <string.h>

static void put_head(const char *head, cam_strbuf *out) {
    while (*head) {
        size_t length = strcspn(head, "\n");
        cam_strbuf line = CAM_STRBUF_INIT;
        cam_strbuf_append(&line, head, length);
        cam_strbuf_puts(out, length ? "# " : "#");
        cam_bytes_put_comment(cam_strbuf_text(&line), out);
        cam_strbuf_puts(out, "\n");
        cam_strbuf_release(&line);
        head += length + (head[length] != '\0');
    }
}

void cam_config_init(const cam_config *config, const char *head, const cam_config_reason *reasons, size_t count,
                     int all, cam_strbuf *out) {
    const char *section = "";
    put_head(head, out);
    for (size_t key = 0; key < CAM_CONFIG_KEY_COUNT; key++) {
        const cam_config_row *row = &cam_config_rows[key];
        cam_strbuf comment = CAM_STRBUF_INIT;
        size_t i = 0;
        while (i < count && reasons[i].key != (cam_config_key)key)
            i++;
        if (i == count && !all)
            continue;
        if (strcmp(section, row->section) != 0)
            cam_strbuf_put_all(out, row->section, ":\n", NULL);
        section = row->section;
        cam_bytes_put_comment(i < count && reasons[i].why[0] ? reasons[i].why : row->help, &comment);
        cam_config_put_line(config, (cam_config_key)key, cam_strbuf_text(&comment), out);
        cam_strbuf_release(&comment);
    }
}
