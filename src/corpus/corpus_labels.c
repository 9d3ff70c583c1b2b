/* corpus_labels.c: the labels of a corpus; see corpus_internal.h. The order is that of the user's rules: map and case,
 * then duplicates (on_duplicate=drop), then rare labels, then ids. */
#include "audit.h"
#include "corpus_internal.h"
#include "input.h"
#include "label_forms.h"
#include "remedy.h"
#include "text_audit.h"
#include <stdlib.h>
#include <string.h>

enum { MAP_BYTES = 4000 }; /* a longer one is not shown: an error message holds 8,191 bytes */

/* --- the map to paste ------------------------------------------------------------------------------------------ */

/* The pairs of the configuration, whose new labels may be cured in turn, then those of the cure. */
static void put_pairs(const cam_config_map *old, const cam_label_cure *cure, cam_strbuf *yaml) {
    cam_pool pool = {NULL};
    size_t count = 0, cured = cure->from.count;
    cam_pair *pairs = cam_pool_take(&pool, (old->count + cured) * sizeof *pairs);
    if (!pairs)
        return;
    for (size_t i = 0; i < old->count; i++) {
        const char *to = old->items[i].to;
        int32_t number = to ? cam_name_set_find(&cure->from, to, strlen(to)) : -1;
        pairs[count++] = (cam_pair){old->items[i].from, number < 0 ? to : cure->to[number]};
    }
    for (size_t i = 0; i < cured; i++) {
        cam_pair pair = cam_label_cure_pair(cure, i);
        size_t same = 0;
        while (same < old->count && strcmp(old->items[same].from, pair.from) != 0)
            same++;
        if (same == old->count)
            pairs[count++] = pair;
    }
    cam_config_put_map(&(cam_config_map){pairs, count}, yaml);
    cam_pool_release(&pool);
}

int cam_corpus_put_map(const cam_corpus_opening *opening, const cam_label_cure *cure, cam_strbuf *out) {
    cam_strbuf word = CAM_STRBUF_INIT;
    cam_strbuf_puts(&word, "label_map=");
    put_pairs(&opening->config->label_map, cure, &word);
    int fits = cure->from.count > 0 && word.length <= MAP_BYTES;
    if (fits)
        cam_shell_word_put(out, cam_strbuf_text(&word));
    cam_strbuf_release(&word);
    return fits;
}

void cam_corpus_put_cure(const cam_corpus_opening *opening, cam_strbuf *out) {
    cam_strbuf map = CAM_STRBUF_INIT;
    if (cam_corpus_put_map(opening, &opening->cure, &map)) {
        cam_strbuf_printf(out, "to mend these labels, set %s\nthe same in a configuration, under data: label_map: ",
                          cam_strbuf_text(&map));
        put_pairs(&opening->config->label_map, &opening->cure, out);
        cam_strbuf_putc(out, '\n');
    } else if (opening->cure.from.count > 0) {
        cam_strbuf_printf(out, "%zu labels need another name, too many for a label_map that is shown here\n",
                          opening->cure.from.count);
    }
    cam_strbuf_release(&map);
}

void cam_corpus_apply_cure(const cam_corpus_opening *opening, int64_t *counts) {
    const cam_labels *labels = &opening->corpus->labels;
    const cam_label_cure *cure = &opening->cure;
    for (size_t i = 0; i < cure->from.count; i++) {
        cam_pair pair = cam_label_cure_pair(cure, i);
        int32_t from = cam_labels_find(labels, pair.from, strlen(pair.from));
        int32_t to = pair.to ? cam_labels_find(labels, pair.to, strlen(pair.to)) : -1;
        if (from < 0)
            continue;
        if (to >= 0)
            counts[to] += counts[from];
        if (to >= 0 || !pair.to)
            counts[from] = 0;
    }
}

/* --- rules ----------------------------------------------------------------------------------------------------- */

/* Old labels of label_map that no file has. */
static void warn_of_unused_pairs(cam_corpus_opening *opening) {
    cam_corpus *corpus = opening->corpus;
    const cam_config_map *map = &opening->config->label_map;
    for (size_t i = 0; i < map->count; i++) {
        const char *from = map->items[i].from;
        int found = 0;
        for (int part = 0; part < CAM_PARTS && !found; part++)
            found = cam_name_set_find(&corpus->files[part].labels, from, strlen(from)) >= 0;
        if (found)
            continue;
        const char *nearest = cam_label_nearest(&corpus->files[CAM_PART_TRAIN].labels, from);
        cam_strbuf_puts(&corpus->warnings, "label_map names ");
        cam_label_put(from, CAM_LABEL_INVISIBLE | CAM_LABEL_SPACES, &corpus->warnings);
        cam_strbuf_puts(&corpus->warnings, ", which no row has");
        if (nearest) {
            cam_strbuf_puts(&corpus->warnings, "; did you mean ");
            cam_label_put(nearest, CAM_LABEL_INVISIBLE | CAM_LABEL_SPACES, &corpus->warnings);
            cam_strbuf_putc(&corpus->warnings, '?');
        }
        cam_strbuf_putc(&corpus->warnings, '\n');
    }
}

static cam_status rename_labels(cam_corpus_opening *opening, const cam_label_rules *rules) {
    cam_status st = CAM_OK;
    cam_corpus *corpus = opening->corpus;
    warn_of_unused_pairs(opening);
    for (int part = 0; part < CAM_PARTS; part++)
        if (corpus->files[part].count > 0)
            CAM_TRY(cam_labels_rename(rules, part == CAM_PART_TRAIN ? NULL : &corpus->files[CAM_PART_TRAIN].labels,
                                      &corpus->files[part], &corpus->warnings));
out:
    return st;
}

/* Finds duplicates and leaks between files. on_duplicate=drop removes rows, so this precedes the numbering of rows. */
static cam_status audit_texts(cam_corpus_opening *opening) {
    cam_status st = CAM_OK;
    cam_corpus *corpus = opening->corpus;
    cam_audit found;
    const cam_dataset *parts[CAM_PARTS];
    for (int part = 0; part < CAM_PARTS; part++) {
        parts[part] = corpus->files[part].count ? &corpus->files[part] : NULL;
        if (parts[part])
            CAM_TRY(cam_input_check(parts[part]->path));
        cam_text_audit(&corpus->files[part], &corpus->warnings);
    }
    CAM_TRY(cam_audit_run(&found, parts));
    corpus->duplicates = found.duplicates[CAM_PART_TRAIN].count;
    CAM_TRY(cam_failures_take(&opening->failures,
                              cam_audit_apply(&found, opening->config->on_duplicate, &corpus->files[CAM_PART_TRAIN],
                                              &corpus->warnings, &corpus->dropped)));
    corpus->duplicates -= (int64_t)corpus->dropped;
out:
    return st;
}

/* --- ids ------------------------------------------------------------------------------------------------------- */

/* Whether the data has exactly the labels of a model folder. */
static int same_labels(const cam_labels *a, const cam_labels *b) {
    if (!a || a->count != b->count)
        return 0;
    for (size_t i = 0; i < a->count; i++)
        if (cam_labels_find(b, a->names[i], strlen(a->names[i])) < 0)
            return 0;
    return 1;
}

static cam_status build_labels(cam_corpus_opening *opening) {
    cam_status st = CAM_OK;
    cam_corpus *corpus = opening->corpus;
    const cam_config_labels *labels = &opening->config->labels;
    const cam_labels *known = opening->known;
    cam_label_options options = {.order = labels->kind, .list = labels->list.items, .list_count = labels->list.count};
    CAM_TRY(cam_labels_build(&corpus->labels, &options, &corpus->files[CAM_PART_TRAIN], &corpus->warnings));
    if (same_labels(known, &corpus->labels)) {
        cam_labels_release(&corpus->labels);
        CAM_TRY(cam_labels_from_names(&corpus->labels, (const char *const *)known->names, known->count));
    }
out:
    return st;
}

/* num_labels against the data, with what may be wrong with its labels. */
static cam_status check_number(cam_corpus_opening *opening) {
    const cam_corpus *corpus = opening->corpus;
    if (opening->config->num_labels == 0 || (int64_t)corpus->labels.count == opening->config->num_labels)
        return CAM_OK;
    cam_strbuf message = CAM_STRBUF_INIT, lines = CAM_STRBUF_INIT;
    cam_strbuf_printf(&message, "num_labels is %lld, but the data has %zu label%s; set num_labels=auto",
                      (long long)opening->config->num_labels, corpus->labels.count,
                      corpus->labels.count == 1 ? "" : "s");
    cam_strbuf_puts(&lines, cam_strbuf_text(&opening->findings));
    cam_corpus_put_cure(opening, &lines);
    opening->findings_are_told = 1;
    cam_corpus_put_hints(cam_strbuf_text(&lines), &message);
    cam_status st = cam_fail_again(CAM_E_USAGE, cam_strbuf_text(&message));
    cam_strbuf_release(&message);
    cam_strbuf_release(&lines);
    return st;
}

/* An unknown label that looks like a known one can be mapped to it. */
static cam_status hint_at_map(cam_corpus_opening *opening, cam_status failure) {
    cam_status st = CAM_OK;
    cam_corpus *corpus = opening->corpus;
    cam_label_cure cure = {0};
    cam_strbuf message = CAM_STRBUF_INIT, map = CAM_STRBUF_INIT;
    if (failure != CAM_E_DATA)
        return failure;
    cam_strbuf_puts(&message, cam_status_message());
    for (int part = 0; part < CAM_PARTS; part++)
        CAM_TRY(cam_label_cure_unknown(&corpus->labels, &corpus->files[part], &cure));
    if (cam_corpus_put_map(opening, &cure, &map))
        cam_strbuf_printf(&message, "\nhint: set %s", cam_strbuf_text(&map));
    st = cam_fail_again(failure, cam_strbuf_text(&message));
out:
    cam_label_cure_release(&cure);
    cam_strbuf_release(&map);
    cam_strbuf_release(&message);
    return st;
}

static cam_status number_rows(cam_corpus *corpus) {
    for (int part = 0; part < CAM_PARTS; part++) {
        corpus->first_row[part] = corpus->rows;
        corpus->rows += (int64_t)corpus->files[part].count;
    }
    corpus->first_unlabelled = corpus->rows;
    corpus->rows += (int64_t)corpus->unlabelled.count;
    if (corpus->rows > INT32_MAX)
        return cam_fail(CAM_E_DATA, "%lld rows are more than a run can number", (long long)corpus->rows);
    corpus->label = malloc((size_t)(corpus->rows + 1) * sizeof *corpus->label);
    for (int64_t r = corpus->first_unlabelled; corpus->label && r < corpus->rows; r++)
        corpus->label[r] = -1;
    return corpus->label ? CAM_OK : cam_fail(CAM_E_MEMORY, "no memory for %lld labels", (long long)corpus->rows);
}

/* Unknown labels are told file by file, with one hint for all files. A training file whose labels are not in the list
 * has been told of by build_labels. */
static cam_status assign_ids(cam_corpus_opening *opening, int train_is_told) {
    cam_status st = CAM_OK;
    cam_corpus *corpus = opening->corpus;
    cam_failures unknown = {0};
    CAM_TRY(number_rows(corpus));
    for (int part = 0; part < CAM_PARTS; part++) {
        cam_status assigned =
            cam_labels_assign(&corpus->labels, &corpus->files[part], corpus->label + corpus->first_row[part]);
        if (part == CAM_PART_TRAIN && assigned != CAM_OK)
            opening->train_is_sound = 0;
        if (part == CAM_PART_TRAIN && assigned == CAM_E_DATA && train_is_told)
            continue;
        CAM_TRY(cam_failures_take(&unknown, assigned));
    }
    cam_status all = cam_failures_status(&unknown);
    if (all != CAM_OK)
        CAM_TRY(cam_failures_take(&opening->failures, hint_at_map(opening, all)));
out:
    cam_failures_release(&unknown);
    return st;
}

cam_status cam_corpus_label(cam_corpus_opening *opening) {
    cam_status st = CAM_OK;
    cam_corpus *corpus = opening->corpus;
    const cam_config *config = opening->config;
    cam_label_rules rules = cam_corpus_label_rules(config);
    cam_dataset *train = &corpus->files[CAM_PART_TRAIN];
    CAM_TRY(rename_labels(opening, &rules));
    CAM_TRY(audit_texts(opening));
    cam_status treated = cam_labels_treat_rare(&rules, NULL, train, &corpus->warnings);
    if (treated != CAM_OK)
        opening->train_is_sound = 0;
    CAM_TRY(cam_failures_take(&opening->failures, treated));
    CAM_TRY(cam_input_check(train->path));
    CAM_TRY(cam_label_audit(train, config->text_column, config->label_column, &opening->findings, &opening->cure));
    cam_status built = build_labels(opening);
    if (built != CAM_OK) {
        opening->train_is_sound = 0;
        CAM_TRY(cam_failures_take(&opening->failures,
                                  config->labels.kind == CAM_LABELS_LIST ? hint_at_map(opening, built) : built));
    }
    CAM_TRY(cam_failures_take(&opening->failures, check_number(opening)));
    for (int part = CAM_PART_VALIDATION; part < CAM_PARTS; part++)
        CAM_TRY(cam_labels_treat_rare(&rules, &corpus->labels, &corpus->files[part], &corpus->warnings));
    CAM_TRY(assign_ids(opening, built != CAM_OK));
out:
    return st;
}
