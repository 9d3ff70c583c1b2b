/* commandes.c: the shipped data set keeps the promises of its README: size, balance, and no two texts alike. Likeness
 * is the Jaccard similarity of character 5-grams, of texts without case, accents and runs of space. */
#include "dataset.h"
#include "hash.h"
#include "labels.h"
#include "text_fold.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GRAM = 5 };
static const double too_alike = 0.7;

typedef struct grams {
    uint64_t *hashes; /* ascending, all different */
    size_t count;
} grams;

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void collapse_spaces(cam_strbuf *text) {
    size_t to = 0;
    for (size_t i = 0; i < text->length; i++)
        if (text->text[i] != ' ' || (to > 0 && text->text[to - 1] != ' '))
            text->text[to++] = text->text[i];
    text->length = to;
}

/* A text shorter than a gram is one gram. */
static grams grams_of(const char *text) {
    cam_strbuf key = CAM_STRBUF_INIT;
    cam_text_fold(text, strlen(text), CAM_FOLD_ACCENTS, &key);
    collapse_spaces(&key);
    size_t *start = malloc((key.length + 1) * sizeof *start), characters = 0;
    for (size_t i = 0; i < key.length; i++)
        if (((unsigned char)key.text[i] & 0xc0) != 0x80)
            start[characters++] = i;
    start[characters] = key.length;
    size_t count = characters < GRAM ? 1 : characters - GRAM + 1;
    grams set = {malloc(count * sizeof *set.hashes), 0};
    for (size_t i = 0; i < count; i++) {
        size_t end = characters < GRAM ? key.length : start[i + GRAM];
        set.hashes[i] = cam_hash_bytes(CAM_HASH_START, cam_strbuf_text(&key) + start[i], end - start[i]);
    }
    qsort(set.hashes, count, sizeof *set.hashes, by_value);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || set.hashes[i] != set.hashes[i - 1])
            set.hashes[set.count++] = set.hashes[i];
    free(start);
    cam_strbuf_release(&key);
    return set;
}

static double similarity(grams a, grams b) {
    size_t i = 0, k = 0, shared = 0;
    while (i < a.count && k < b.count) {
        uint64_t x = a.hashes[i], y = b.hashes[k];
        shared += x == y;
        i += x <= y;
        k += y <= x;
    }
    return (double)shared / (double)(a.count + b.count - shared);
}

typedef struct likeness {
    double similarity;
    size_t first, second;
} likeness;

/* The two texts that are most alike. */
static likeness closest_pair(const char *const *texts, size_t count) {
    grams *sets = calloc(count, sizeof *sets);
    likeness closest = {-1, 0, 0};
    for (size_t i = 0; i < count; i++) {
        sets[i] = grams_of(texts[i]);
        for (size_t k = 0; k < i; k++) {
            double here = similarity(sets[k], sets[i]);
            if (here > closest.similarity)
                closest = (likeness){here, k, i};
        }
    }
    for (size_t i = 0; i < count; i++)
        free(sets[i].hashes);
    free(sets);
    return closest;
}

static int load(void **state) {
    static cam_dataset dataset;
    cam_read_options options = {.path = "examples/commandes/commandes.csv", .label_required = 1};
    *state = &dataset;
    if (cam_dataset_load(&options, &dataset) == CAM_OK)
        return 0;
    print_error("%s\n", cam_status_message());
    return -1;
}

static int unload(void **state) {
    cam_dataset_release(*state);
    return 0;
}

static void there_are_enough_rows_of_every_label(void **state) {
    const cam_dataset *dataset = *state;
    assert_true(dataset->count >= 1400);
    assert_int_equal(dataset->counts.blank_skipped + dataset->counts.bad_skipped + dataset->counts.labels_trimmed, 0);
    cam_labels labels;
    cam_label_options options = {.order = CAM_LABELS_SORTED};
    assert_int_equal(cam_labels_build(&labels, &options, dataset, NULL), CAM_OK);
    assert_in_range(labels.count, 14, 18);
    int32_t *ids = malloc(dataset->count * sizeof *ids);
    int64_t counts[18];
    assert_int_equal(cam_labels_assign(&labels, dataset, ids), CAM_OK);
    cam_labels_count(&labels, ids, dataset->count, counts);
    for (size_t k = 0; k < labels.count; k++)
        if (counts[k] < 60)
            fail_msg("\"%s\" has %d rows only", labels.names[k], (int)counts[k]);
    free(ids);
    cam_labels_release(&labels);
}

static void no_two_texts_are_alike(void **state) {
    const cam_dataset *dataset = *state;
    const char **texts = malloc(dataset->count * sizeof *texts);
    for (size_t i = 0; i < dataset->count; i++)
        texts[i] = dataset->rows[i].text;
    likeness closest = closest_pair(texts, dataset->count);
    print_message("closest pair: %.3f, lines %ld and %ld\n", closest.similarity, dataset->rows[closest.first].line,
                  dataset->rows[closest.second].line);
    if (closest.similarity > too_alike)
        fail_msg("%.3f alike: \"%s\" and \"%s\"", closest.similarity, texts[closest.first], texts[closest.second]);
    free(texts);
}

/* The test of the test: near-duplicates that differ by case and accents, or by one digit, or are too short for a gram,
 * are found; other texts are not. */
static void the_check_finds_near_duplicates(void **unused) {
    (void)unused;
    static const char *const texts[] = {
        "Où est ma commande ?", "Je veux un remboursement", "oui", "Annulez ma commande n° 8", "OU  EST  MA COMMANDE ?",
    };
    likeness closest = closest_pair(texts, 5);
    assert_true(closest.similarity == 1);
    assert_int_equal(closest.first, 0);
    assert_int_equal(closest.second, 4);
    assert_true(closest_pair(texts, 4).similarity < 0.5);
    static const char *const digits[] = {"Je n'ai toujours pas reçu mon colis numéro 41257",
                                         "Je n'ai toujours pas reçu mon colis numéro 41258"};
    assert_true(closest_pair(digits, 2).similarity > too_alike);
    static const char *const thirds[] = {"abcdef", "abcdeg"}; /* {abcde bcdef}, {abcde bcdeg}: 1 of 3 */
    assert_true(closest_pair(thirds, 2).similarity == 1.0 / 3);
    static const char *const short_alike[] = {"oui", "Oui"}, *const short_texts[] = {"oui", "non"};
    assert_true(closest_pair(short_alike, 2).similarity == 1);
    assert_true(closest_pair(short_texts, 2).similarity == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(there_are_enough_rows_of_every_label, load, unload),
        cmocka_unit_test_setup_teardown(no_two_texts_are_alike, load, unload),
        cmocka_unit_test(the_check_finds_near_duplicates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
