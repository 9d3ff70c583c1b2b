/* tfidf.c: the scores of a classifier without a language model: the baseline for fine-tuning.
 *
 *     tfidf [FILE [FRACTION [SEED]]]     default: examples/commandes/commandes.csv 0.1 42
 *
 * FILE has the columns text and label. FRACTION of its rows are held out, by the same stratified split as in cam-train.
 * The other rows train a multinomial logistic regression until it converges, on TF-IDF features: words and pairs of
 * words, and 2 to 5 characters inside a word and its edges. One line is printed: the scores on the held-out rows.
 * Features and objective are those of scikit-learn's
 *     make_union(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
 *                TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True))
 *     LogisticRegression(C=10)
 * C = 10 is the best value in five-fold cross-validation on the training rows of the shipped example. There is one
 * thread and no randomness after the split, so the same arguments give the same line.
 */
#include "dataset.h"
#include "hash.h"
#include "labels.h"
#include "lbfgs.h"
#include "metrics.h"
#include "split.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

static const double strength = 10; /* C: the weight of the losses against the penalty */

enum kind { WORDS, CHARACTERS, KINDS };
enum { MIN_GRAM = 2, MAX_GRAM = 5 };

static void *take(size_t count, size_t bytes) {
    void *memory = calloc(count ? count : 1, bytes);
    if (!memory) {
        fprintf(stderr, "tfidf: no memory for %zu times %zu bytes\n", count, bytes);
        exit(6);
    }
    return memory;
}

/* --- terms: a term is the hash of its text --------------------------------------------------------------------- */

typedef struct terms {
    uint64_t *hash;
    size_t count, capacity;
} terms;

static void add_term(terms *list, uint64_t hash) {
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 256;
        list->hash = realloc(list->hash, list->capacity * sizeof *list->hash);
        if (!list->hash)
            exit(6);
    }
    list->hash[list->count++] = hash;
}

static uint64_t hash_characters(uint64_t hash, const int32_t *characters, size_t count) {
    return cam_hash_bytes(hash, characters, count * sizeof *characters);
}

/* The text as lower-case code points; the caller frees it. */
static int32_t *lower_case(const char *text, size_t length, size_t *count) {
    int32_t *characters = take(length, sizeof *characters);
    *count = 0;
    for (size_t at = 0; at < length;) {
        int32_t c;
        ptrdiff_t used = utf8proc_iterate((const unsigned char *)text + at, (ptrdiff_t)(length - at), &c);
        if (used <= 0)
            break;
        characters[(*count)++] = utf8proc_tolower(c);
        at += (size_t)used;
    }
    return characters;
}

static int is_space(int32_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || utf8proc_category(c) == UTF8PROC_CATEGORY_ZS ||
           c == 0x2028 || c == 0x2029;
}

static int is_word(int32_t c) {
    utf8proc_category_t category = utf8proc_category(c);
    return c == '_' || (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
           (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}

/* Adds words of at least two characters, and pairs of neighbouring words. */
static void add_words(terms *list, const int32_t *text, size_t count) {
    uint64_t before = 0;
    int has_before = 0;
    for (size_t begin = 0; begin < count;) {
        size_t end = begin;
        while (end < count && is_word(text[end]))
            end++;
        if (end - begin >= 2) {
            uint64_t word = hash_characters(CAM_HASH_START, text + begin, end - begin);
            add_term(list, word);
            if (has_before)
                add_term(list, cam_hash_bytes(cam_hash_mix(before), &word, sizeof word));
            before = word;
            has_before = 1;
        }
        begin = end + 1;
    }
}

/* Adds the grams of each piece between spaces, with a space added at both ends. Once a gram is as long as the piece,
 * the piece is added and no longer grams. */
static void add_grams(terms *list, const int32_t *text, size_t count) {
    int32_t *piece = take(count + 2, sizeof *piece);
    for (size_t begin = 0; begin < count;) {
        size_t length = 0;
        piece[length++] = ' ';
        while (begin < count && !is_space(text[begin]))
            piece[length++] = text[begin++];
        piece[length++] = ' ';
        begin++;
        for (size_t gram = MIN_GRAM; length > 2 && gram <= MAX_GRAM; gram++) {
            if (gram >= length) {
                add_term(list, hash_characters(CAM_HASH_START, piece, length));
                break;
            }
            for (size_t at = 0; at + gram <= length; at++)
                add_term(list, hash_characters(CAM_HASH_START, piece + at, gram));
        }
    }
    free(piece);
}

static terms terms_of(const cam_row *row, enum kind kind) {
    terms list = {0};
    size_t count;
    int32_t *characters = lower_case(row->text, row->text_length, &count);
    if (kind == WORDS)
        add_words(&list, characters, count);
    else
        add_grams(&list, characters, count);
    free(characters);
    return list;
}

/* --- features: sparse rows, one column a term that occurs in training ------------------------------------------- */

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void sort_terms(terms *list) {
    if (list->count > 0)
        qsort(list->hash, list->count, sizeof *list->hash, by_value);
}

typedef struct vocabulary {
    uint64_t *term; /* ascending */
    double *idf;
    size_t count;
} vocabulary;

/* idf = ln((1 + n) / (1 + rows that hold the term)) + 1. */
static vocabulary count_terms(const cam_dataset *data, const int64_t *rows, size_t count, enum kind kind) {
    terms all = {0};
    for (size_t i = 0; i < count; i++) {
        terms list = terms_of(&data->rows[rows[i]], kind);
        sort_terms(&list);
        for (size_t t = 0; t < list.count; t++)
            if (t == 0 || list.hash[t] != list.hash[t - 1])
                add_term(&all, list.hash[t]);
        free(list.hash);
    }
    sort_terms(&all);
    vocabulary v = {all.hash, take(all.count, sizeof *v.idf), 0};
    for (size_t begin = 0, end; begin < all.count; begin = end) {
        for (end = begin + 1; end < all.count && all.hash[end] == all.hash[begin];)
            end++;
        v.idf[v.count] = log((1 + (double)count) / (1 + (double)(end - begin))) + 1;
        v.term[v.count++] = all.hash[begin];
    }
    return v;
}

typedef struct features {
    size_t rows, columns; /* the last column is 1 in every row: the intercept */
    size_t *start;        /* [rows + 1] */
    int32_t *column;
    double *value;
    size_t used, capacity; /* entries of column and value */
    int32_t *label;        /* [rows] */
} features;

static void add_value(features *x, size_t column, double value) {
    size_t at = x->used++;
    if (at == x->capacity) {
        x->capacity = x->capacity ? 2 * x->capacity : 1 << 16;
        x->column = realloc(x->column, x->capacity * sizeof *x->column);
        x->value = realloc(x->value, x->capacity * sizeof *x->value);
        if (!x->column || !x->value)
            exit(6);
    }
    x->column[at] = (int32_t)column;
    x->value[at] = value;
}

/* (1 + ln tf) idf of each known term, divided by the row's Euclidean norm. */
static void add_kind(features *x, const cam_row *row, enum kind kind, const vocabulary *v, size_t first_column) {
    terms list = terms_of(row, kind);
    size_t first = x->used;
    double squares = 0;
    sort_terms(&list);
    for (size_t begin = 0, end; begin < list.count; begin = end) {
        for (end = begin + 1; end < list.count && list.hash[end] == list.hash[begin];)
            end++;
        const uint64_t *found =
            v->count ? bsearch(&list.hash[begin], v->term, v->count, sizeof *v->term, by_value) : NULL;
        if (!found)
            continue;
        size_t term = (size_t)(found - v->term);
        double value = (1 + log((double)(end - begin))) * v->idf[term];
        squares += value * value;
        add_value(x, first_column + term, value);
    }
    for (size_t i = first; i < x->used; i++)
        x->value[i] /= sqrt(squares);
    free(list.hash);
}

static features make_features(const cam_dataset *data, const int32_t *ids, const int64_t *rows, size_t count,
                              const vocabulary *v) {
    features x = {.columns = v[WORDS].count + v[CHARACTERS].count + 1};
    x.start = take(count + 1, sizeof *x.start);
    x.label = take(count, sizeof *x.label);
    for (size_t i = 0; i < count; i++) {
        const cam_row *row = &data->rows[rows[i]];
        add_kind(&x, row, WORDS, &v[WORDS], 0);
        add_kind(&x, row, CHARACTERS, &v[CHARACTERS], v[WORDS].count);
        add_value(&x, x.columns - 1, 1);
        x.label[i] = ids[rows[i]];
        x.start[++x.rows] = x.used;
    }
    return x;
}

static void release_features(features *x) {
    free(x->start);
    free(x->column);
    free(x->value);
    free(x->label);
}

/* --- logistic regression: weights [columns, labels] ------------------------------------------------------------- */

typedef struct problem {
    const features *x;
    size_t labels;
    double *score; /* [labels] */
} problem;

static void score_row(const problem *p, size_t row, const double *weights) {
    memset(p->score, 0, p->labels * sizeof *p->score);
    for (size_t i = p->x->start[row]; i < p->x->start[row + 1]; i++) {
        const double *w = weights + (size_t)p->x->column[i] * p->labels;
        for (size_t k = 0; k < p->labels; k++)
            p->score[k] += p->x->value[i] * w[k];
    }
}

/* Turns scores into probabilities; returns the loss. */
static double softmax_loss(double *score, size_t labels, int32_t truth) {
    double top = score[0], sum = 0, right = score[truth];
    for (size_t k = 1; k < labels; k++)
        top = fmax(top, score[k]);
    for (size_t k = 0; k < labels; k++)
        sum += score[k] = exp(score[k] - top);
    for (size_t k = 0; k < labels; k++)
        score[k] /= sum;
    return log(sum) + top - right;
}

/* Mean loss + |weights|^2 / (2 C n), the intercept free; its gradient. */
static double objective(const void *context, const double *weights, double *gradient) {
    const problem *p = context;
    const features *x = p->x;
    double n = (double)x->rows, penalty = 1 / (strength * n), loss = 0, squares = 0;
    size_t penalised = (x->columns - 1) * p->labels;
    for (size_t i = 0; i < penalised; i++) {
        squares += weights[i] * weights[i];
        gradient[i] = penalty * weights[i];
    }
    memset(gradient + penalised, 0, p->labels * sizeof *gradient);
    for (size_t row = 0; row < x->rows; row++) {
        score_row(p, row, weights);
        loss += softmax_loss(p->score, p->labels, x->label[row]);
        p->score[x->label[row]] -= 1;
        for (size_t i = x->start[row]; i < x->start[row + 1]; i++) {
            double *g = gradient + (size_t)x->column[i] * p->labels;
            for (size_t k = 0; k < p->labels; k++)
                g[k] += x->value[i] / n * p->score[k];
        }
    }
    return loss / n + penalty / 2 * squares;
}

static cam_status score(const features *train, const features *test, size_t labels, cam_metrics *metrics) {
    cam_status st = CAM_OK;
    problem p = {train, labels, take(labels, sizeof *p.score)};
    double *weights = take(train->columns * labels, sizeof *weights);
    float *logits = take(labels, sizeof *logits);
    CAM_TRY(lbfgs_minimize(objective, &p, weights, train->columns * labels, 1e-5, 1000));
    p.x = test;
    for (size_t row = 0; row < test->rows; row++) {
        score_row(&p, row, weights);
        for (size_t k = 0; k < labels; k++)
            logits[k] = (float)p.score[k];
        cam_metrics_add(metrics, logits, test->label[row]);
    }
out:
    free(p.score);
    free(weights);
    free(logits);
    return st;
}

static cam_status run(const char *path, double fraction, uint32_t seed) {
    cam_status st = CAM_OK;
    cam_dataset data = {0};
    cam_labels labels = {0};
    cam_split split = {0};
    cam_metrics metrics = {0};
    features train = {0}, test = {0};
    vocabulary v[KINDS] = {{0}};
    int32_t *ids = NULL;
    CAM_TRY(cam_dataset_load(&(cam_read_options){.path = path, .label_required = 1}, &data));
    CAM_TRY(cam_labels_build(&labels, &(cam_label_options){.order = CAM_LABELS_SORTED}, &data, NULL));
    ids = take(data.count, sizeof *ids);
    CAM_TRY(cam_labels_assign(&labels, &data, ids));
    CAM_TRY(cam_split_rows(&split, data.count, fraction, seed, ids, labels.count, (const char *const *)labels.names));
    for (enum kind kind = WORDS; kind < KINDS; kind++)
        v[kind] = count_terms(&data, split.train, split.train_count, kind);
    train = make_features(&data, ids, split.train, split.train_count, v);
    test = make_features(&data, ids, split.test, split.test_count, v);
    CAM_TRY(cam_metrics_init(&metrics, (int64_t)labels.count));
    CAM_TRY(score(&train, &test, labels.count, &metrics));
    cam_scores scores = cam_metrics_scores(&metrics);
    printf("TF-IDF and logistic regression, %zu held-out rows: accuracy %.4f, macro F1 %.4f\n", split.test_count,
           scores.accuracy, scores.f1_macro);
out:
    release_features(&train);
    release_features(&test);
    for (enum kind kind = WORDS; kind < KINDS; kind++) {
        free(v[kind].term);
        free(v[kind].idf);
    }
    free(ids);
    cam_metrics_release(&metrics);
    cam_split_release(&split);
    cam_labels_release(&labels);
    cam_dataset_release(&data);
    return st;
}

int main(int count, char **arguments) {
    const char *path = count > 1 ? arguments[1] : "examples/commandes/commandes.csv";
    double fraction = count > 2 ? strtod(arguments[2], NULL) : 0.1;
    unsigned long seed = count > 3 ? strtoul(arguments[3], NULL, 10) : 42;
    cam_status st = run(path, fraction, (uint32_t)seed);
    if (st != CAM_OK)
        fprintf(stderr, "tfidf: %s\n", cam_status_message());
    return cam_status_exit_code(st);
}
