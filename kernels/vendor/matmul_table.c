/* matmul_table.c: see matmul_table.h. */
#include "matmul_table.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char table_line[] = "table 1";

size_t cam_matmul_position(const void *entries, size_t count, size_t size, const cam_matmul_key *key) {
    size_t begin = 0, end = count;
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        if (memcmp((const char *)entries + middle * size, key, sizeof *key) < 0)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

const cam_matmul_choice *cam_matmul_table_find(const cam_matmul_table *table, const cam_matmul_key *key) {
    size_t at = cam_matmul_position(table->choices, table->count, sizeof *table->choices, key);
    return at < table->count && memcmp(&table->choices[at].key, key, sizeof *key) == 0 ? &table->choices[at] : NULL;
}

void cam_matmul_table_release(cam_matmul_table *table) {
    free(table->choices);
    free(table->name);
    *table = (cam_matmul_table){0};
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

typedef struct reader {
    cam_matmul_table *table;
    const cam_matmul_machine *machine;
    const char *name;
    int line;
    int in_table, in_device, ours; /* read "table 1"; a device line after it; that device is this machine */
    size_t capacity;
    cam_strbuf *others; /* or NULL */
} reader;

/* Terminates and returns the next word of a line; NULL at its end. */
static char *next_word(char **line) {
    char *word = *line + strspn(*line, " ");
    size_t length = strcspn(word, " ");
    if (length == 0)
        return NULL;
    *line = word + length;
    if (word[length] != '\0') {
        word[length] = '\0';
        (*line)++;
    }
    return word;
}

static int read_integer(char **line, int64_t low, int64_t high, int64_t *value) {
    const char *word = next_word(line);
    char *end;
    if (!word || word[0] < '0' || word[0] > '9')
        return 0;
    errno = 0;
    *value = strtoll(word, &end, 10);
    return *end == '\0' && errno == 0 && *value >= low && *value <= high;
}

static int read_int(char **line, int low, int high, int32_t *value) {
    int64_t wide = 0;
    int good = read_integer(line, low, high, &wide);
    *value = (int32_t)wide;
    return good;
}

static int read_dtype(char **line, int32_t *dtype) {
    const char *word = next_word(line);
    *dtype = word && strcmp(word, cam_dtype_name(CAM_BF16)) == 0 ? CAM_BF16 : CAM_F32;
    return word && strcmp(word, cam_dtype_name((cam_dtype)*dtype)) == 0;
}

static int read_alignment(char **line, int low, int32_t *value) {
    return read_int(line, low, 256, value) && (*value & (*value - 1)) == 0;
}

static int read_key(char **line, cam_matmul_key *key) {
    return read_integer(line, 1, INT32_MAX, &key->m) && read_integer(line, 1, INT32_MAX, &key->n) &&
           read_integer(line, 1, INT32_MAX, &key->k) && read_int(line, 0, 1, &key->a_transposed) &&
           read_int(line, 0, 1, &key->b_transposed) && read_dtype(line, &key->input) &&
           read_dtype(line, &key->output) && read_integer(line, 1, INT32_MAX, &key->a_stride) &&
           read_integer(line, 1, INT32_MAX, &key->b_stride) && read_integer(line, 1, INT32_MAX, &key->c_stride) &&
           read_alignment(line, 1, &key->a_alignment) && read_alignment(line, 1, &key->b_alignment) &&
           read_alignment(line, 1, &key->c_alignment) && read_alignment(line, 0, &key->bias_alignment) &&
           read_int(line, 0, 1, &key->accumulate) && read_int(line, 0, 1, &key->tf32);
}

static int read_algorithm(char **line, uint64_t *words) {
    const char *word = next_word(line);
    if (!word || strcmp(word, "=") != 0)
        return 0;
    for (int i = 0; i < CAM_MATMUL_WORDS; i++) {
        word = next_word(line);
        if (!word || strlen(word) != 16 || strspn(word, "0123456789abcdef") != 16)
            return 0;
        words[i] = strtoull(word, NULL, 16);
    }
    return next_word(line) == NULL;
}

static cam_status add_choice(reader *r, const cam_matmul_choice *choice) {
    cam_status st = CAM_OK;
    cam_matmul_table *table = r->table;
    size_t at = cam_matmul_position(table->choices, table->count, sizeof *choice, &choice->key);
    if (at < table->count && memcmp(&table->choices[at].key, &choice->key, sizeof choice->key) == 0)
        CAM_FAIL(CAM_E_DATA, "%s:%d: this product is already in line %d", r->name, r->line, table->choices[at].line);
    if (table->count == r->capacity) {
        size_t capacity = r->capacity ? 2 * r->capacity : 64;
        cam_matmul_choice *grown = realloc(table->choices, capacity * sizeof *grown);
        if (!grown)
            CAM_FAIL(CAM_E_MEMORY, "no memory for %zu lines of \"%s\"", capacity, r->name);
        table->choices = grown;
        r->capacity = capacity;
    }
    memmove(table->choices + at + 1, table->choices + at, (table->count - at) * sizeof *choice);
    table->choices[at] = *choice;
    table->count++;
out:
    return st;
}

static cam_status read_product(reader *r, char *line) {
    cam_matmul_choice choice = {.line = r->line};
    if (!r->in_device)
        return cam_fail(CAM_E_DATA, "%s:%d: a product before any \"device\" line", r->name, r->line);
    if (!read_key(&line, &choice.key) || !read_algorithm(&line, choice.algorithm))
        return cam_fail(CAM_E_DATA,
                        "%s:%d: not a product: \"product m n k ta tb in out sa sb sc aa ab ac bias add tf32 = \" and "
                        "%d words of 16 hexadecimal digits",
                        r->name, r->line, CAM_MATMUL_WORDS);
    return r->ours ? add_choice(r, &choice) : CAM_OK;
}

static cam_status read_device(reader *r, char *line) {
    int32_t capability = 0, multiprocessors = 0, library = 0;
    const cam_matmul_machine *m = r->machine;
    if (!r->in_table)
        return cam_fail(CAM_E_DATA, "%s:%d: a device before any \"%s\" line", r->name, r->line, table_line);
    if (!read_int(&line, 10, 9999, &capability) || !read_int(&line, 1, INT32_MAX, &multiprocessors) ||
        !read_int(&line, 1, INT32_MAX, &library) || *line == '\0')
        return cam_fail(CAM_E_DATA, "%s:%d: not a device: \"device capability multiprocessors library name\"", r->name,
                        r->line);
    r->in_device = 1;
    r->ours = capability == m->capability && multiprocessors == m->multiprocessors && library == m->library &&
              strcmp(line, m->name) == 0;
    return CAM_OK;
}

static cam_status read_line(reader *r, char *line) {
    char *rest = line;
    if (line[0] == '#' || line[0] == '\0')
        return CAM_OK;
    if (strcmp(line, table_line) == 0) {
        r->in_table = 1;
        r->in_device = r->ours = 0;
        return CAM_OK;
    }
    const char *word = next_word(&rest);
    if (word && strcmp(word, "device") == 0)
        return read_device(r, rest);
    if (word && strcmp(word, "product") == 0)
        return read_product(r, rest);
    return cam_fail(CAM_E_DATA, "%s:%d: not a line of a table of products; make it again with \"cam-train tune\"",
                    r->name, r->line);
}

/* Appends a line of another machine's table, unchanged. */
static void keep_other(const reader *r, const char *line, size_t length) {
    if (!r->others || !r->in_device || r->ours || length == 0)
        return;
    if (strncmp(line, "device ", strlen("device ")) == 0)
        cam_strbuf_put_all(r->others, table_line, "\n", NULL);
    cam_strbuf_append(r->others, line, length);
    cam_strbuf_putc(r->others, '\n');
}

cam_status cam_matmul_table_read(cam_matmul_table *table, const cam_matmul_machine *machine, const char *text,
                                 const char *name, cam_strbuf *others) {
    cam_status st = CAM_OK;
    reader r = {.table = table, .machine = machine, .name = name, .others = others};
    char *copy = strdup(text);
    table->name = strdup(name);
    if (!copy || !table->name)
        CAM_FAIL(CAM_E_MEMORY, "no memory for \"%s\"", name);
    for (char *line = copy; line && *line != '\0';) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        r.line++;
        size_t length = strlen(line);
        CAM_TRY(read_line(&r, line));
        keep_other(&r, text + (line - copy), length);
        line = end ? end + 1 : NULL;
    }
    if (!r.in_table)
        CAM_FAIL(CAM_E_DATA, "\"%s\" is no table of products: it has no \"%s\" line", name, table_line);
out:
    free(copy);
    return st;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

void cam_matmul_table_put_machine(cam_strbuf *text, const cam_matmul_machine *machine) {
    cam_strbuf_put_all(text, table_line, "\n", NULL);
    cam_strbuf_printf(text, "device %d %d %d ", machine->capability, machine->multiprocessors, machine->library);
    cam_strbuf_put_all(text, machine->name, "\n", NULL);
}

void cam_matmul_table_put_choice(cam_strbuf *text, const cam_matmul_choice *choice) {
    const cam_matmul_key *k = &choice->key;
    cam_strbuf_printf(
        text, "product %lld %lld %lld  %d %d  %s %s  %lld %lld %lld  %d %d %d %d  %d %d  =", (long long)k->m,
        (long long)k->n, (long long)k->k, k->a_transposed, k->b_transposed, cam_dtype_name((cam_dtype)k->input),
        cam_dtype_name((cam_dtype)k->output), (long long)k->a_stride, (long long)k->b_stride, (long long)k->c_stride,
        k->a_alignment, k->b_alignment, k->c_alignment, k->bias_alignment, k->accumulate, k->tf32);
    for (int i = 0; i < CAM_MATMUL_WORDS; i++)
        cam_strbuf_printf(text, " %016llx", (unsigned long long)choice->algorithm[i]);
    cam_strbuf_putc(text, '\n');
}

cam_status cam_matmul_table_put_rest(cam_strbuf *text, const cam_matmul_machine *machine, const char *before,
                                     const char *name) {
    cam_status st = CAM_OK;
    cam_matmul_table fresh = {0}, old = {0};
    cam_strbuf others = CAM_STRBUF_INIT;
    CAM_TRY(cam_matmul_table_read(&fresh, machine, cam_strbuf_text(text), "the table just made", NULL));
    CAM_TRY(cam_matmul_table_read(&old, machine, before, name, &others));
    for (size_t i = 0; i < old.count; i++)
        if (!cam_matmul_table_find(&fresh, &old.choices[i].key))
            cam_matmul_table_put_choice(text, &old.choices[i]);
    cam_strbuf_append(text, cam_strbuf_text(&others), others.length);
out:
    cam_matmul_table_release(&fresh);
    cam_matmul_table_release(&old);
    cam_strbuf_release(&others);
    return st;
}
