/* page_data.c: what `clean` found in the data; see page_internal.h. */
#include "page_internal.h"
#include <string.h>

static void put_count(cam_page *page, cam_phrase name, const json_t *clean, const char *key) {
    const json_t *member = json_object_get(clean, key);
    cam_strbuf text = CAM_STRBUF_INIT;
    int64_t count = json_is_array(member) ? (int64_t)json_array_size(member) : json_integer_value(member);
    if (json_is_array(member) || json_is_integer(member)) {
        cam_figure_count(&text, page->language, count);
        cam_page_tile(page, name, cam_strbuf_text(&text), NULL);
    }
    cam_strbuf_release(&text);
}

static void put_share(cam_page *page, const json_t *share) {
    cam_strbuf value = CAM_STRBUF_INIT, low = CAM_STRBUF_INIT, high = CAM_STRBUF_INIT, both = CAM_STRBUF_INIT;
    if (share) {
        cam_figure_percent(&value, page->language, cam_member_number(share, "value"), 1);
        cam_figure_percent(&low, page->language, cam_member_number(share, "low"), 1);
        cam_figure_percent(&high, page->language, cam_member_number(share, "high"), 1);
        const char *ends[] = {cam_strbuf_text(&low), cam_strbuf_text(&high), NULL};
        cam_word_put(&both, page->language, CAM_WORD_INTERVAL, ends);
        cam_page_tile(page, CAM_WORD_WRONG_SHARE, cam_strbuf_text(&value), cam_strbuf_text(&both));
    }
    cam_strbuf_release(&value);
    cam_strbuf_release(&low);
    cam_strbuf_release(&high);
    cam_strbuf_release(&both);
}

static void put_place(cam_page *page, const json_t *item) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_put_all(&text, cam_member_text(item, "file"), NULL);
    if (json_is_integer(json_object_get(item, "line"))) {
        cam_strbuf_puts(&text, text.length > 0 ? ":" : "");
        cam_strbuf_printf(&text, "%lld", (long long)cam_member_integer(item, "line"));
    }
    cam_page_cell(page, cam_strbuf_text(&text));
    cam_strbuf_release(&text);
}

static void put_examples(cam_page *page, const json_t *list) {
    static const cam_phrase heads[] = {CAM_WORD_TEXT,      CAM_WORD_PLACE,          CAM_WORD_GIVEN,
                                       CAM_WORD_SUGGESTED, CAM_WORD_SCORE_OF_GIVEN, CAM_WORD_SCORE_OF_SUGGESTED,
                                       CAM_WORD_COUNT};
    size_t i;
    json_t *item;
    cam_page_table_open(page, CAM_WORD_SUSPECTS_CAPTION, heads, 4);
    json_array_foreach((json_t *)list, i, item) {
        cam_page_row_open(page, 0);
        cam_page_cell_long(page, cam_member_text(item, "text"));
        put_place(page, item);
        cam_page_cell(page, cam_member_text(item, "given"));
        cam_page_cell(page, cam_member_text(item, "suggested"));
        cam_page_cell_number(page, cam_member_number(item, "score_given"), 3);
        cam_page_cell_number(page, cam_member_number(item, "score_suggested"), 3);
        cam_page_close(page);
    }
    cam_page_table_close(page);
}

int cam_page_data(cam_page *page, const cam_page_files *files, cam_status *st) {
    const json_t *clean = files->clean, *examples = cam_member_list(clean, "examples");
    (void)st;
    if (!clean)
        return 0;
    if (!page)
        return 1;
    cam_page_warnings(page, cam_member_list(clean, "warnings"));
    cam_page_tiles_open(page);
    put_count(page, CAM_WORD_ROWS, clean, "rows");
    put_count(page, CAM_WORD_SUSPECTS, clean, "suspects");
    put_share(page, cam_member_object(clean, "wrong_share"));
    put_count(page, CAM_WORD_DUPLICATES, clean, "duplicates");
    put_count(page, CAM_WORD_CONFLICTS, clean, "duplicates_with_other_labels");
    put_count(page, CAM_WORD_NEAR_DUPLICATES, clean, "near_duplicates");
    put_count(page, CAM_WORD_OUTLIERS, clean, "outliers");
    cam_page_close(page);
    cam_page_say(page, NULL, CAM_WORD_CLEAN_NOTE, NULL);
    if (examples)
        put_examples(page, examples);
    return 1;
}
