/* file_kind.c: see file_kind_internal.h. */
#include "file_kind_internal.h"
#include "remedy.h"
#include <string.h>
#include <strings.h>

typedef enum cure {
    SAVE_AS,  /* in the program that the file is from */
    UNPACK,   /* COMMAND FILE > NEW */
    EXTRACT,  /* COMMAND FILE */
    QUERY,    /* a table of a database, by its own program */
    CONVERT,  /* by a function of pandas */
    IN_R,     /* by a function of R */
    NO_TABLE, /* the rows must be copied by hand */
    DOWNLOAD  /* the real file is elsewhere */
} cure;

typedef struct kind {
    const char *magic;
    unsigned short length, at; /* of the magic word, and where it stands */
    cure cure;
    const char *name, *command;
} kind;

static const kind kinds[] = {
    {"\x1F\x8B", 2, 0, UNPACK, "a gzip archive", "gzip -dc"},
    {"BZh", 3, 0, UNPACK, "a bzip2 archive", "bzip2 -dc"},
    {"\xFD\x37zXZ\0", 6, 0, UNPACK, "an xz archive", "xz -dc"},
    {"\x28\xB5\x2F\xFD", 4, 0, UNPACK, "a Zstandard archive", "zstd -dc"},
    {"\x04\x22\x4D\x18", 4, 0, UNPACK, "an lz4 archive", "lz4 -dc"},
    {"7z\xBC\xAF\x27\x1C", 6, 0, EXTRACT, "a 7z archive", "7z x"},
    {"Rar!\x1A", 5, 0, EXTRACT, "a RAR archive", "unrar x"},
    {"ustar", 5, 257, EXTRACT, "a tar archive", "tar -xf"},
    {"PAR1", 4, 0, CONVERT, "a Parquet file", "pandas.read_parquet(sys.argv[1])"},
    {"ARROW1", 6, 0, CONVERT, "an Arrow or Feather file", "pandas.read_feather(sys.argv[1])"},
    {"FEA1", 4, 0, CONVERT, "a Feather file", "pandas.read_feather(sys.argv[1])"},
    {"\xFF\xFF\xFF\xFF", 4, 0, CONVERT, "an Arrow stream (Hugging Face datasets)",
     "pyarrow.ipc.open_stream(sys.argv[1]).read_pandas()"},
    {"Obj\x01", 4, 0, CONVERT, "an Avro file", "pandas.DataFrame(fastavro.reader(open(sys.argv[1], \"rb\")))"},
    {"ORC", 3, 0, CONVERT, "an ORC file", "pandas.read_orc(sys.argv[1])"},
    {"\x89HDF\r\n", 6, 0, CONVERT, "an HDF5 file", "pandas.read_hdf(sys.argv[1])"},
    {"\x93NUMPY", 6, 0, CONVERT, "a NumPy array", "pandas.DataFrame(numpy.load(sys.argv[1], allow_pickle=True))"},
    {"<stata_dta>", 11, 0, CONVERT, "a Stata file", "pandas.read_stata(sys.argv[1])"},
    {"$FL2", 4, 0, CONVERT, "an SPSS file", "pandas.read_spss(sys.argv[1])"},
    {"SQLite format 3", 15, 0, QUERY, "an SQLite database", NULL},
    {"%PDF-", 5, 0, NO_TABLE, "a PDF document", NULL},
    {"{\\rtf", 5, 0, NO_TABLE, "an RTF document", NULL},
    {"\x89PNG", 4, 0, NO_TABLE, "a picture", NULL},
    {"\xFF\xD8\xFF", 3, 0, NO_TABLE, "a picture", NULL},
    {"\x7F"
     "ELF",
     4, 0, NO_TABLE, "a program", NULL},
    {"version https://git-lfs.github.com", 34, 0, DOWNLOAD, "a Git LFS pointer, not the file itself", "git lfs pull"},
    {"\xFF\xFE\0\0", 4, 0, SAVE_AS, "text in UTF-32", NULL},
    {"\0\0\xFE\xFF", 4, 0, SAVE_AS, "text in UTF-32", NULL},
};

static int holds(const unsigned char *bytes, size_t size, const char *word, size_t length) {
    return memmem(bytes, size, word, length) != NULL;
}
#define HOLDS(bytes, size, word) holds(bytes, size, word, sizeof(word) - 1)

/* True where a file of the ZIP archive has `part` at the beginning (or, with `at_end`, at the end) of its name. */
static int zip_has(const unsigned char *bytes, size_t size, const char *part, int at_end) {
    enum { HEADER = 30, NAME_LENGTH = 26 };
    size_t length = strlen(part);
    for (size_t at = 0; at + HEADER < size; at += 4) {
        const unsigned char *found = memmem(bytes + at, size - at, "PK\x03\x04", 4);
        if (!found)
            return 0;
        at = (size_t)(found - bytes);
        if (at + HEADER >= size)
            return 0;
        size_t name = bytes[at + NAME_LENGTH] | (size_t)bytes[at + NAME_LENGTH + 1] << 8;
        if (name >= length && at + HEADER + name <= size &&
            memcmp(bytes + at + HEADER + (at_end ? name - length : 0), part, length) == 0)
            return 1;
    }
    return 0;
}

static int path_ends(const char *path, const char *ending) {
    size_t length = path ? strlen(path) : 0, tail = strlen(ending);
    return length > tail && strcasecmp(path + length - tail, ending) == 0;
}

/* Workbooks and documents of office programs are ZIP archives; the names of their parts tell them apart, and the ending
 * where there are none. */
static kind zip_kind(const char *path, const unsigned char *bytes, size_t size) {
    enum { MIME_TYPE = 200, NAME_AT = 30 };
    size_t first = size < MIME_TYPE ? size : MIME_TYPE;
    int has_name = size > NAME_AT && bytes[NAME_AT] > 0x20 && bytes[NAME_AT] < 0x7F;
    if (HOLDS(bytes, first, "opendocument.spreadsheet") || (!has_name && path_ends(path, ".ods")))
        return (kind){.cure = SAVE_AS, .name = "an OpenDocument workbook"};
    if (HOLDS(bytes, first, "opendocument."))
        return (kind){.cure = NO_TABLE, .name = "an OpenDocument text"};
    if (zip_has(bytes, size, ".iwa", 1) || (!has_name && path_ends(path, ".numbers")))
        return (kind){.cure = SAVE_AS, .name = "a Numbers workbook"};
    if (zip_has(bytes, size, "xl/", 0))
        return (kind){.cure = SAVE_AS, .name = "an Excel workbook"};
    if (zip_has(bytes, size, "word/", 0))
        return (kind){.cure = NO_TABLE, .name = "a Word document"};
    if (zip_has(bytes, size, "ppt/", 0))
        return (kind){.cure = NO_TABLE, .name = "a PowerPoint file"};
    if (zip_has(bytes, size, ".npy", 1))
        return (kind){.cure = CONVERT,
                      .name = "a NumPy archive",
                      .command = "pandas.DataFrame(dict(numpy.load(sys.argv[1], allow_pickle=True)))"};
    if (zip_has(bytes, size, "data.pkl", 1))
        return (kind){.cure = NO_TABLE, .name = "a PyTorch file"};
    if (has_name && !zip_has(bytes, size, "[Content_Types].xml", 0))
        return (kind){.cure = EXTRACT, .name = "a ZIP archive", .command = "unzip"};
    return (kind){.cure = SAVE_AS, .name = "an Excel workbook"};
}

/* A page or a document in markup, after white space. */
static int markup_kind(const unsigned char *bytes, size_t size, kind *found) {
    static const struct {
        const char *begin, *name;
    } markups[] = {{"<!doctype html", "an HTML page (a download that failed?)"},
                   {"<html", "an HTML page (a download that failed?)"},
                   {"<table", "an HTML table"},
                   {"<?xml", "an XML file"}};
    size_t at = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (at < size && strchr(" \t\r\n", bytes[at]) && bytes[at])
        at++;
    for (size_t i = 0; i < sizeof markups / sizeof markups[0]; i++) {
        size_t length = strlen(markups[i].begin);
        if (size - at >= length && strncasecmp((const char *)bytes + at, markups[i].begin, length) == 0) {
            *found = (kind){.cure = SAVE_AS, .name = markups[i].name};
            return 1;
        }
    }
    return 0;
}

/* Short magic words may be those of a text: what follows must not be. */
static int is_certain(const kind *found, const unsigned char *bytes, size_t size) {
    enum { LOOKED_AT = 256 };
    if (strcmp(found->magic, "BZh") == 0)
        return size > 4 && bytes[4] == '1';
    if (strcmp(found->magic, "ORC") != 0)
        return 1;
    for (size_t i = found->length; i < size && i < LOOKED_AT; i++)
        if (bytes[i] < '\t')
            return 1;
    return 0;
}

/* R compresses its files, so that the bytes alone call them archives. */
static int r_kind(const char *path, kind *found) {
    int is_one = path_ends(path, ".rds"), is_several = path_ends(path, ".rdata") || path_ends(path, ".rda");
    if (!is_one && !is_several)
        return 0;
    *found = (kind){.cure = IN_R, .name = "a file of R", .command = is_one ? "readRDS(a[1])" : "get(load(a[1])[1])"};
    return 1;
}

static int find_kind(const char *path, const unsigned char *bytes, size_t size, kind *found) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t at = kinds[i].at;
        *found = kinds[i];
        if (size >= at + kinds[i].length && memcmp(bytes + at, kinds[i].magic, kinds[i].length) == 0)
            return (kinds[i].cure == UNPACK && r_kind(path, found)) || is_certain(&kinds[i], bytes, size);
    }
    if (size >= 4 && memcmp(bytes, "\xD0\xCF\x11\xE0", 4) == 0) {
        int word = HOLDS(bytes, size, "W\0o\0r\0d\0D\0o\0c\0");
        *found = (kind){.cure = word ? NO_TABLE : SAVE_AS, .name = word ? "a Word document" : "an Excel workbook"};
        return 1;
    }
    if (size >= 2 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5) {
        *found = (kind){
            .cure = CONVERT, .name = "a Python pickle", .command = "pandas.DataFrame(pandas.read_pickle(sys.argv[1]))"};
        return 1;
    }
    /* "PK" may be the start of a header */
    if (size >= 2 && memcmp(bytes, "PK", 2) == 0 && (size == 2 || (bytes[2] < 0x20 && !strchr("\t\r\n", bytes[2])))) {
        *found = zip_kind(path, bytes, size);
        return 1;
    }
    return markup_kind(bytes, size, found);
}

/* The path without the ending of the archive, or with .csv instead of the ending; never the path itself. */
static void put_new_path(cam_strbuf *out, const char *path, int unpacked) {
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    int has_ending = dot && dot > (slash ? slash + 1 : path);
    cam_strbuf name = CAM_STRBUF_INIT;
    cam_strbuf_append(&name, path, has_ending ? (size_t)(dot - path) : strlen(path));
    const char *base = strrchr(cam_strbuf_text(&name), '/');
    int keeps_ending = unpacked && strchr(base ? base : cam_strbuf_text(&name), '.');
    if (!keeps_ending)
        cam_strbuf_puts(&name, has_ending && strcasecmp(dot, ".csv") == 0 ? "-new.csv" : ".csv");
    cam_shell_word_put(out, cam_strbuf_text(&name));
    cam_strbuf_release(&name);
}

/* A command that runs a script on the file and on the name of the new one. */
static void put_script(cam_strbuf *out, const char *command, const cam_strbuf *code, const char *path) {
    cam_strbuf_puts(out, command);
    cam_shell_word_put(out, cam_strbuf_text(code));
    cam_strbuf_putc(out, ' ');
    cam_shell_word_put(out, path);
    cam_strbuf_putc(out, ' ');
    put_new_path(out, path, 0);
}

static void put_python(cam_strbuf *out, const char *path, const char *read) {
    cam_strbuf code = CAM_STRBUF_INIT;
    const char *more = strstr(read, "numpy")      ? "numpy, "
                       : strstr(read, "pyarrow")  ? "pyarrow, "
                       : strstr(read, "fastavro") ? "fastavro, "
                                                  : "";
    cam_strbuf_printf(&code, "import %spandas, sys; %s.to_csv(sys.argv[2], index=False)", more, read);
    put_script(out, "write it as CSV: python3 -c ", &code, path);
    cam_strbuf_release(&code);
}

static void put_r(cam_strbuf *out, const char *path, const char *read) {
    cam_strbuf code = CAM_STRBUF_INIT;
    cam_strbuf_printf(&code, "a <- commandArgs(TRUE); write.csv(%s, a[2], row.names = FALSE, fileEncoding = \"UTF-8\")",
                      read);
    put_script(out, "write it as CSV: Rscript -e ", &code, path);
    cam_strbuf_release(&code);
}

static void put_cure(cam_strbuf *out, const kind *found, const char *path) {
    switch (found->cure) {
    case SAVE_AS:
        cam_strbuf_puts(out, "save it as CSV UTF-8");
        return;
    case NO_TABLE:
        cam_strbuf_puts(out, "it has no rows to read; put them into a table and save that as CSV UTF-8");
        return;
    case DOWNLOAD:
        cam_strbuf_printf(out, "fetch the file: %s", found->command);
        return;
    case UNPACK:
    case EXTRACT:
        cam_strbuf_printf(out, "unpack it first: %s ", found->command);
        cam_shell_word_put(out, path);
        if (found->cure == UNPACK) {
            cam_strbuf_puts(out, " > ");
            put_new_path(out, path, 1);
        }
        return;
    case QUERY:
        cam_strbuf_puts(out, "write its table as CSV: sqlite3 -header -csv ");
        cam_shell_word_put(out, path);
        cam_strbuf_puts(out, " 'select * from …' > ");
        put_new_path(out, path, 0);
        return;
    case IN_R:
        put_r(out, path, found->command);
        return;
    case CONVERT:
        put_python(out, path, found->command);
        return;
    }
}

int cam_file_kind_put(cam_strbuf *out, const char *path, const unsigned char *bytes, size_t size) {
    kind found;
    if (!find_kind(path, bytes, size, &found))
        return 0;
    cam_strbuf_printf(out, "%s; ", found.name);
    put_cure(out, &found, path ? path : "FILE");
    return 1;
}
