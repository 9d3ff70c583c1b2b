/* The table that `tune` writes. What is accepted is written and reads back equal; merged into a new table, too. */
#include "matmul_table.h"
#include "fuzz.h"

static const cam_matmul_machine machine = {90, 132, 130100, "NVIDIA H200"};

static void put(const cam_matmul_table *table, cam_strbuf *out) {
    cam_matmul_table_put_machine(out, &machine);
    for (size_t i = 0; i < table->count; i++)
        cam_matmul_table_put_choice(out, &table->choices[i]);
}

void fuzz_one(const uint8_t *data, size_t size) {
    cam_matmul_table table = {0}, again = {0};
    cam_strbuf others = CAM_STRBUF_INIT, first = CAM_STRBUF_INIT, second = CAM_STRBUF_INIT;
    size_t length;
    char *text = fuzz_take(&data, &size, &length);
    cam_status st = cam_matmul_table_read(&table, &machine, text, "t.txt", &others);
    FUZZ_CHECK(st == CAM_OK || (st == CAM_E_DATA && cam_status_message()[0]));
    if (st == CAM_OK) {
        put(&table, &first);
        FUZZ_CHECK(cam_matmul_table_read(&again, &machine, cam_strbuf_text(&first), "t.txt", NULL) == CAM_OK);
        put(&again, &second);
        FUZZ_CHECK(strcmp(cam_strbuf_text(&first), cam_strbuf_text(&second)) == 0);
        cam_strbuf_clear(&second);
        cam_matmul_table_put_machine(&second, &machine);
        FUZZ_CHECK(cam_matmul_table_put_rest(&second, &machine, text, "t.txt") == CAM_OK);
        cam_matmul_table_release(&again);
        again = (cam_matmul_table){0};
        FUZZ_CHECK(cam_matmul_table_read(&again, &machine, cam_strbuf_text(&second), "t.txt", NULL) == CAM_OK);
        FUZZ_CHECK(again.count == table.count);
        cam_matmul_table_release(&again);
    }
    cam_matmul_table_release(&table);
    cam_strbuf_release(&others);
    cam_strbuf_release(&first);
    cam_strbuf_release(&second);
    free(text);
}
