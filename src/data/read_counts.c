/* read_counts.c: cam_read_counts_describe of records.h. */
#include "place.h"
#include "records.h"

/* "PATH: 3 THINGS were ...": `one` and `many` are what follows the number. */
static void put(cam_strbuf *out, const char *path, int64_t count, const char *one, const char *many) {
    if (count > 0)
        cam_strbuf_printf(out, "%s: %lld %s\n", path, (long long)count, count == 1 ? one : many);
}

static void put_fact(cam_strbuf *out, const char *path, int holds, const char *fact) {
    if (holds)
        cam_strbuf_printf(out, "%s: %s\n", path, fact);
}

static void put_skipped(cam_strbuf *out, const char *path, const cam_read_counts *counts) {
    if (counts->bad_skipped == 0)
        return;
    cam_strbuf_printf(out, "%s: %lld bad row%s left out%s ", path, (long long)counts->bad_skipped,
                      counts->bad_skipped == 1 ? " was" : "s were", counts->bad_skipped == 1 ? "," : ", the first");
    cam_place_put(out, counts->first_bad_row, counts->first_bad_line);
    cam_strbuf_printf(out, ": %s\n", counts->first_bad_cause);
}

static void put_encoding(cam_strbuf *out, const char *path, const cam_read_counts *counts) {
    if (counts->hinted == CAM_ENCODING_AUTO)
        return;
    cam_strbuf_printf(out, "%s: no UTF-8, and was read as %s, as the training file was", path,
                      cam_words_encoding[counts->hinted]);
    if (counts->hinted_line)
        cam_strbuf_printf(out, " (line %ld: \"%s\")", counts->hinted_line, counts->hinted_word);
    cam_strbuf_puts(out, "; --encoding names another\n");
}

void cam_read_counts_describe(const cam_read_counts *counts, const char *path, cam_strbuf *out) {
    put_encoding(out, path, counts);
    put_fact(out, path, counts->other_format,
             counts->format == CAM_FORMAT_JSONL ? "was read as JSON, which it holds whatever its ending"
                                                : "was read as CSV, which it holds whatever its ending");
    put_fact(out, path, counts->is_list, "its JSON is not one object a line; each object was read as a row");
    put(out, path, counts->records_above, "line above the header was left out", "lines above the header were left out");
    put_fact(out, path, counts->backslash_quotes, "its quotes inside quotes are written \\\", and were read so");
    put_fact(out, path, counts->spaced_quotes, "its spaces before opening quotes were left out");
    put_skipped(out, path, counts);
    put(out, path, counts->blank_skipped, "record of empty cells was skipped", "records of empty cells were skipped");
    put(out, path, counts->headers_repeated, "row that repeats the header was left out",
        "rows that repeat the header were left out");
    put(out, path, counts->rules, "drawn line (-----) was left out", "drawn lines (-----) were left out");
    put(out, path, counts->cells_surplus, "row ends with surplus empty cells", "rows end with surplus empty cells");
    put(out, path, counts->cells_missing, "row lacks empty cells at its end", "rows lack empty cells at their end");
    put(out, path, counts->labels_trimmed, "label had outer space, which was removed",
        "labels had outer space, which was removed");
    put(out, path, counts->labels_unquoted, "label had quotes after a space, which were removed",
        "labels had quotes after a space, which were removed");
    put(out, path, counts->labels_from_lists, "label was a list of one, and was read as that label",
        "labels were lists of one, and were read as that label");
}
