/* audit.c: see audit.h. One hash table over the texts of all parts. An entry holds the first row of each part that has
 * its text; duplicates, conflicts and overlaps all follow from these rows. */
#include "audit.h"
#include "hash.h"
#include "input.h"
#include "place.h"
#include "text_fold.h"
#include <stdlib.h>
#include <string.h>

enum { CHARACTERS_SHOWN = 50, RARE_LABELS_SHOWN = 20, IMBALANCE = 10 };

const char *cam_data_part_name(cam_data_part part) {
    static const char *const names[] = {"train", "validation", "test"};
    return names[part];
}

typedef struct entry {
    uint64_t hash;
    int64_t first[CAM_PARTS]; /* row, -1 = none */
} entry;

/* Invariant: slots (0 = free, else entry number + 1) are at most half full: sized for every row at the start. */
typedef struct text_index {
    const cam_dataset *const *parts;
    entry *entries;
    size_t count;
    uint32_t *slots;
    size_t slot_count;
    cam_strbuf key, other;
} text_index;

static void index_release(text_index *index) {
    free(index->entries);
    free(index->slots);
    cam_strbuf_release(&index->key);
    cam_strbuf_release(&index->other);
}

static cam_status index_init(text_index *index, const cam_dataset *const parts[CAM_PARTS]) {
    cam_status st = CAM_OK;
    size_t rows = 0;
    *index = (text_index){.parts = parts};
    for (int p = 0; p < CAM_PARTS; p++)
        rows += parts[p] ? parts[p]->count : 0;
    if (rows >= UINT32_MAX)
        CAM_FAIL(CAM_E_UNSUPPORTED, "%zu rows are more than can be compared", rows);
    index->slot_count = cam_hash_slots(rows);
    index->entries = malloc((rows + 1) * sizeof *index->entries);
    index->slots = calloc(index->slot_count, sizeof *index->slots);
    if (!index->entries || !index->slots)
        CAM_FAIL(CAM_E_MEMORY, "no memory to compare %zu rows", rows);
out:
    return st;
}

static const cam_row *any_row(const text_index *index, const entry *e) {
    for (int p = 0; p < CAM_PARTS; p++)
        if (e->first[p] >= 0)
            return &index->parts[p]->rows[e->first[p]];
    CAM_BUG("an entry of the text index without a row");
}

static uint64_t hash_key(const cam_strbuf *key) {
    return cam_hash_mix(cam_hash_bytes(CAM_HASH_START, cam_strbuf_text(key), key->length));
}

uint64_t cam_audit_text_hash(const cam_row *row) {
    cam_strbuf key = CAM_STRBUF_INIT;
    cam_text_fold(row->text, row->text_length, CAM_FOLD_TEXT, &key);
    uint64_t hash = hash_key(&key);
    cam_strbuf_release(&key);
    return hash;
}

/* The entry of a row's text, added where it is new; NULL for an empty text. */
static entry *index_entry(text_index *index, const cam_row *row) {
    cam_text_fold(row->text, row->text_length, CAM_FOLD_TEXT, &index->key);
    if (index->key.length == 0)
        return NULL;
    uint64_t hash = hash_key(&index->key);
    size_t mask = index->slot_count - 1, slot = (size_t)hash & mask;
    for (; index->slots[slot]; slot = (slot + 1) & mask) {
        entry *e = &index->entries[index->slots[slot] - 1];
        if (e->hash != hash)
            continue;
        const cam_row *known = any_row(index, e);
        cam_text_fold(known->text, known->text_length, CAM_FOLD_TEXT, &index->other);
        if (index->other.length == index->key.length &&
            memcmp(index->other.text, index->key.text, index->key.length) == 0)
            return e;
    }
    entry *e = &index->entries[index->count++];
    index->slots[slot] = (uint32_t)index->count;
    *e = (entry){hash, {-1, -1, -1}};
    return e;
}

static void add_finding(cam_audit_finding *finding, cam_data_part first_part, int64_t first, cam_data_part second_part,
                        size_t second) {
    if (finding->count++ < CAM_AUDIT_EXAMPLES)
        finding->examples[finding->example_count++] = (cam_audit_pair){first_part, second_part, (size_t)first, second};
}

static void audit_row(cam_audit *audit, text_index *index, cam_data_part part, size_t i) {
    const cam_dataset *data = audit->parts[part];
    entry *e = index_entry(index, &data->rows[i]);
    if (!e) {
        audit->empty_texts[part]++;
        return;
    }
    for (cam_data_part p = CAM_PART_TRAIN; p < part; p++)
        if (e->first[p] >= 0) {
            add_finding(&audit->overlaps[part], p, e->first[p], part, i);
            break;
        }
    if (e->first[part] < 0) {
        e->first[part] = (int64_t)i;
        return;
    }
    add_finding(&audit->duplicates[part], part, e->first[part], part, i);
    if (data->rows[e->first[part]].label_number != data->rows[i].label_number)
        add_finding(&audit->conflicts[part], part, e->first[part], part, i);
}

cam_status cam_audit_run(cam_audit *audit, const cam_dataset *const parts[CAM_PARTS]) {
    cam_status st = CAM_OK;
    text_index index = {0};
    enum { CHECK_ROWS = 1024 };
    *audit = (cam_audit){0};
    memcpy(audit->parts, parts, sizeof audit->parts);
    CAM_TRY(index_init(&index, parts));
    for (cam_data_part part = CAM_PART_TRAIN; part < CAM_PARTS; part++)
        for (size_t i = 0; parts[part] && i < parts[part]->count; i++) {
            if (i % CHECK_ROWS == 0)
                CAM_TRY(cam_input_check(parts[part]->path));
            audit_row(audit, &index, part, i);
        }
    CAM_TRY(cam_memory_check(CAM_OK)); /* texts were compared by their keys */
out:
    index_release(&index);
    return st;
}

/* Adds ": row 3 and row 9 "text"; ..." and ends the line. */
static void put_examples(const cam_audit *audit, const cam_audit_finding *finding, int labels, cam_strbuf *out) {
    for (size_t i = 0; i < finding->example_count; i++) {
        const cam_audit_pair *pair = &finding->examples[i];
        const cam_row *first = &audit->parts[pair->first_part]->rows[pair->first];
        const cam_row *second = &audit->parts[pair->second_part]->rows[pair->second];
        size_t shown = cam_text_shown(second->text, second->text_length, CHARACTERS_SHOWN);
        cam_strbuf_puts(out, i ? "; " : ": ");
        if (pair->first_part == pair->second_part) {
            cam_place_put(out, first->sheet_row, first->line);
            cam_strbuf_puts(out, " and ");
            cam_place_put(out, second->sheet_row, second->line);
        } else {
            cam_place_put(out, second->sheet_row, second->line);
            cam_strbuf_printf(out, " (%s ", cam_data_part_name(pair->first_part));
            cam_place_put(out, first->sheet_row, first->line);
            cam_strbuf_putc(out, ')');
        }
        cam_strbuf_putc(out, ' ');
        cam_strbuf_put_json(out, second->text, shown);
        if (shown < second->text_length)
            cam_strbuf_puts(out, "…");
        if (labels)
            cam_strbuf_printf(out, " (\"%s\", \"%s\")", first->label ? first->label : "",
                              second->label ? second->label : "");
    }
    cam_strbuf_putc(out, '\n');
}

void cam_audit_describe(const cam_audit *audit, cam_strbuf *out) {
    for (int p = 0; p < CAM_PARTS; p++) {
        if (!audit->parts[p])
            continue;
        const char *path = audit->parts[p]->path;
        const cam_audit_finding *duplicates = &audit->duplicates[p], *conflicts = &audit->conflicts[p],
                                *overlaps = &audit->overlaps[p];
        if (duplicates->count) {
            cam_strbuf_printf(out, "%s: %lld %s the text of an earlier row", path, (long long)duplicates->count,
                              duplicates->count == 1 ? "row repeats" : "rows repeat");
            put_examples(audit, duplicates, 0, out);
        }
        if (conflicts->count) {
            cam_strbuf_printf(out, "%s: %lld %s the text of an earlier row under another label", path,
                              (long long)conflicts->count, conflicts->count == 1 ? "row has" : "rows have");
            put_examples(audit, conflicts, 1, out);
        }
        if (overlaps->count) {
            cam_strbuf_printf(out, "%s: %lld %s the text of a row in the %s data", path, (long long)overlaps->count,
                              overlaps->count == 1 ? "row has" : "rows have",
                              p == CAM_PART_TEST && audit->parts[CAM_PART_VALIDATION] ? "training or validation"
                                                                                      : "training");
            put_examples(audit, overlaps, 0, out);
        }
        if (audit->empty_texts[p])
            cam_strbuf_printf(out, "%s: %lld %s no text\n", path, (long long)audit->empty_texts[p],
                              audit->empty_texts[p] == 1 ? "row has" : "rows have");
    }
}

cam_status cam_audit_groups(const cam_dataset *dataset, int64_t *first) {
    cam_status st = CAM_OK;
    const cam_dataset *const parts[CAM_PARTS] = {dataset, NULL, NULL};
    text_index index = {0};
    CAM_TRY(index_init(&index, parts));
    for (size_t i = 0; i < dataset->count; i++) {
        entry *e = index_entry(&index, &dataset->rows[i]);
        if (e && e->first[CAM_PART_TRAIN] < 0)
            e->first[CAM_PART_TRAIN] = (int64_t)i;
        first[i] = e ? e->first[CAM_PART_TRAIN] : (int64_t)i;
    }
    CAM_TRY(cam_memory_check(CAM_OK)); /* as in cam_audit_run */
out:
    index_release(&index);
    return st;
}

static cam_status drop_duplicates(cam_dataset *data, size_t *dropped) {
    cam_status st = CAM_OK;
    unsigned char *remove = calloc(data->count + 1, 1);
    int64_t *first = calloc(data->count + 1, sizeof *first);
    if (!remove || !first)
        CAM_FAIL(CAM_E_MEMORY, "no memory to compare %zu rows", data->count);
    CAM_TRY(cam_audit_groups(data, first));
    for (size_t i = 0; i < data->count; i++) {
        remove[i] = first[i] != (int64_t)i;
        *dropped += remove[i];
    }
    cam_dataset_remove(data, remove);
out:
    free(remove);
    free(first);
    return st;
}

static int64_t findings(const cam_audit *audit) {
    int64_t count = 0;
    for (int p = 0; p < CAM_PARTS; p++)
        count += audit->duplicates[p].count + audit->overlaps[p].count;
    return count;
}

cam_status cam_audit_apply(cam_audit *audit, cam_on_duplicate action, cam_dataset *train, cam_strbuf *warnings,
                           size_t *dropped) {
    cam_status st = CAM_OK;
    cam_strbuf text = CAM_STRBUF_INIT;
    *dropped = 0;
    if (action == CAM_DUPLICATE_IGNORE)
        goto out;
    cam_audit_describe(audit, &text);
    if (action == CAM_DUPLICATE_ERROR && findings(audit) > 0) {
        cam_strbuf_puts(&text,
                        "hint: on_duplicate=warn goes on with them, on_duplicate=drop takes repeated training rows "
                        "out");
        CAM_TRY(cam_fail_again(CAM_E_DATA, cam_strbuf_text(&text)));
    }
    cam_strbuf_puts(warnings, cam_strbuf_text(&text));
    if (action == CAM_DUPLICATE_DROP)
        CAM_TRY(drop_duplicates(train, dropped));
    if (*dropped)
        cam_strbuf_printf(warnings, "%s: %zu repeated %s dropped, the first of each kept\n", train->path, *dropped,
                          *dropped == 1 ? "row was" : "rows were");
out:
    cam_strbuf_release(&text);
    return st;
}

double cam_audit_labels(const cam_labels *labels, const int64_t *counts, int weighted, cam_strbuf *warnings) {
    int32_t size = (int32_t)labels->count, most = -1, least = -1, rare = 0;
    for (int32_t i = 0; i < size; i++) {
        if (counts[i] == 0)
            continue;
        most = most < 0 || counts[i] > counts[most] ? i : most;
        least = least < 0 || counts[i] < counts[least] ? i : least;
        rare += counts[i] < CAM_RARE_LABEL_ROWS;
    }
    if (rare > 0) {
        int shown = 0;
        cam_strbuf_printf(warnings, "%d label%s fewer than %d training rows: ", rare, rare == 1 ? " has" : "s have",
                          CAM_RARE_LABEL_ROWS);
        for (int32_t i = 0; i < size && shown < RARE_LABELS_SHOWN; i++)
            if (counts[i] > 0 && counts[i] < CAM_RARE_LABEL_ROWS)
                cam_strbuf_printf(warnings, "%s\"%s\" %lld", shown++ ? ", " : "", labels->names[i],
                                  (long long)counts[i]);
        cam_strbuf_puts(warnings, rare > shown ? ", ...\n" : "\n");
    }
    double ratio = most < 0 ? 1.0 : (double)counts[most] / (double)counts[least];
    if (ratio > IMBALANCE && !weighted)
        cam_strbuf_printf(warnings,
                          "the labels are uneven: \"%s\" has %lld training rows, \"%s\" has %lld; consider "
                          "class_weights=balanced\n",
                          labels->names[most], (long long)counts[most], labels->names[least], (long long)counts[least]);
    return ratio;
}
