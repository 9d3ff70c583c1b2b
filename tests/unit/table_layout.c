/* table_layout.c: tables are read as their programs wrote them: the delimiter, the quotes, what stands above the header
 * and at the end of rows; each with a note, and without one where nothing was decided. */
#include "dataset_case.h"

typedef struct table {
    const char *name, *text, *rows;
    const char *notes; /* without the path; NULL = none */
} table;

/* Reads a file with a required label and compares rows and notes. */
static void expect_table(case_folder *f, const table *t) {
    cam_dataset data;
    cam_strbuf notes = CAM_STRBUF_INIT;
    cam_read_options options = {.path = case_text(f, t->name, t->text), .label_required = 1};
    ASSERT_ROWS(&options, t->rows);
    assert_int_equal(cam_dataset_load(&options, &data), CAM_OK);
    cam_read_counts_describe(&data.counts, "F", &notes);
    if (strcmp(cam_strbuf_text(&notes), t->notes ? t->notes : "") != 0)
        fail_msg("%s:\n%s\ngives \"%s\"", t->name, t->text, cam_strbuf_text(&notes));
    cam_strbuf_release(&notes);
    cam_dataset_release(&data);
    unlink(options.path);
    f->files = 0;
}
#define EXPECT_TABLES(f, tables)                                                                                       \
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables)[0]; i++)                                                    \
    expect_table(f, &(tables)[i])

static void test_delimiters(void **state) {
    static const table tables[] = {
        {"a.csv", "\"label\"|\"text\"\n\"x\"|\"a, b\"\n", "x|a, b\n", NULL},
        {"a.csv", "text;label\nun, deux;x\ntrois, quatre;y\n", "x|un, deux\ny|trois, quatre\n", NULL},
        {"a.csv", "prix;text;label\n1,5;a;x\n2,5;b;y\n", "x|a\ny|b\n", NULL},
        {"a.csv", "text,label\n\"a;b\",x\nc;d,y\n", "x|a;b\ny|c;d\n", NULL},
        {"a.csv", "id,note;text;label\n1,2;a;x\n3,4;b;y\n", "x|a\ny|b\n", NULL}, /* the names decide */
        {"a.csv", "text\tlabel\na|b\tx\nc|d\ty\n", "x|a|b\ny|c|d\n", NULL},
        {"a.txt", "text\tlabel\na, b\tx\n", "x|a, b\n", NULL},
        {"a.data", "sep=|\ntext|label\na;b|x\n", "x|a;b\n", NULL},
        {"a.tsv", "text;label\na;x\nb;y\n", "x|a\ny|b\n", "F: was read as CSV, which it holds whatever its ending\n"},
        {"a.jsonl", "text,label\na,x\n", "x|a\n", "F: was read as CSV, which it holds whatever its ending\n"},
    };
    EXPECT_TABLES(*state, tables);
}

static void test_delimiters_contradict(void **state) {
    case_folder *f = *state;
    cam_read_options options = {.path = case_text(f, "a.csv", "a;b,c\n1;2,3\n4;5,6\n"), .label_required = 1};
    ASSERT_ROWS(&options, case_says(f, ":1: \",\" and \";\" both split the records evenly; set delimiter=, or "
                                       "delimiter=';'"));
    options.syntax = CAM_SYNTAX_OPTIONS;
    ASSERT_ROWS(&options, case_says(f, ":1: \",\" and \";\" both split the records evenly; set --delimiter , or "
                                       "--delimiter ';'"));
    /* the header speaks first, and the ending for tabs */
    options = (cam_read_options){.path = case_text(f, "a.csv", "a;b\n1, 2;3\n4, 5;6\n"), .label_required = 1};
    ASSERT_ROWS(&options, case_says(f, ":1: no column \"text\"; the file has \"a\", \"b\"; set "
                                       "text_column=… label_column=…"));
    options.path = case_text(f, "a.tsv", "a\tb,c\n1\t2,3\n4\t5,6\n");
    ASSERT_ROWS(&options, case_says(f, ":1: no column \"text\"; the file has \"a\", \"b,c\"; set "
                                       "text_column=… label_column=…"));
    options.path = case_text(f, "a.csv", "a;b,c\n1;2,3\n4;5,6\n");
    options.delimiter = ';';
    options.text_column = "a";
    options.label_column = "b,c";
    ASSERT_ROWS(&options, "2,3|1\n5,6|4\n");
}

static void test_above_the_header(void **state) {
    static const table tables[] = {
        {"a.csv", "# licence ouverte, 2.0\n#\ntext,label\na,x\n", "x|a\n",
         "F: 2 lines above the header were left out\n"},
        {"a.csv", "Export du 3 mars, 10:00\n\ntext;label\na;x\nb;y\n", "x|a\ny|b\n",
         "F: 1 line above the header was left out\n"},
        {"a.csv", "Titre;;\n;;\ntext;label;c\na;x;1\n", "x|a\n", "F: 1 line above the header was left out\n"},
        {"a.tsv", "# titre\ntext\tlabel\na\tx\n", "x|a\n", "F: 1 line above the header was left out\n"},
        {"a.csv", "#id,text,label\n1,a,x\n", "x|a\n", NULL}, /* a header may begin with # */
        {"a.csv", "text,label\na,x\ntext,label\n", "x|a\n", "F: 1 row that repeats the header was left out\n"},
    };
    EXPECT_TABLES(*state, tables);
    case_folder *f = *state;
    cam_read_options options = {.path = case_text(f, "a.csv", "# c\n#\nTexte;Motif\na;x\n"), .label_required = 1};
    ASSERT_ROWS(&options, case_says(f, ":3: no column \"text\"; the file has \"Texte\", \"Motif\"; set "
                                       "text_column=Texte label_column=Motif"));
    /* rows above the names are no titles: nothing is dropped in silence */
    options.path = case_text(f, "a.csv", "a;x\nb;y\ntext;label\nc;z\n");
    ASSERT_ROWS(&options, case_says(f, ":1: no column \"text\"; the file has \"a\", \"x\"; set "
                                       "text_column=… label_column=…"));
}

static void test_quotes(void **state) {
    static const char backslash[] = "F: its quotes inside quotes are written \\\", and were read so\n";
    static const char spaced[] = "F: its spaces before opening quotes were left out\n";
    const table tables[] = {
        {"a.csv", "text,label\n\"dit \\\"a, b\\\", puis\",x\n\"c \\\\\",y\n", "x|dit \"a, b\", puis\ny|c \\\n",
         backslash},
        {"a.csv", "text;label\n\"dit \\\"a\\\"\nfin\";\"x\"\n", "x|dit \"a\"\\nfin\n", backslash},
        {"a.csv", "text,label\n\"C:\\dir\\\",x\n\"a\",y\n", "x|C:\\dir\\\ny|a\n", NULL}, /* no escapes */
        {"a.csv", "\"label\", \"text\"\n\"x\", \"a, b\"\n\"y\", \"c\"\n", "x|a, b\ny|c\n", spaced},
        {"a.csv", "label,text\nx,  \"a\nb, c\"\n", "x|a\\nb, c\n", spaced},
        {"a.csv", "text,label\na, \"x\"\nb,y\n", "x|a\ny|b\n", spaced},
        {"a.csv", "text;label\n \"d\" dit-il;y\n", "y| \"d\" dit-il\n", NULL},
        {"a.csv", "text;label\n \"d\" dit-il; \"y\"\n", "y| \"d\" dit-il\n",
         "F: 1 label had quotes after a space, which were removed\n"},
    };
    EXPECT_TABLES(*state, tables);
}

static void test_ends_of_rows(void **state) {
    static const table tables[] = {
        {"a.csv", "text;label\na;x;;\nb;y\nc;z; \n", "x|a\ny|b\nz|c\n", "F: 2 rows end with surplus empty cells\n"},
        {"a.csv", "\"text\",\"label\"\n\"a\",\"x\", \n\"b\",\"y\"\n", "x|a\ny|b\n",
         "F: 1 row ends with surplus empty cells\n"},
        {"a.csv", "text;label;;\na;x\nb;y;\n", "x|a\ny|b\n", "F: 2 rows lack empty cells at their end\n"},
        {"a.csv", "text;label;note\na;x\nb;y;c\n", "x|a\ny|b\n", "F: 1 row lacks empty cells at its end\n"},
    };
    EXPECT_TABLES(*state, tables);
    case_folder *f = *state;
    /* a row that ends with its text may be cut in it */
    cam_read_options options = {.path = case_text(f, "a.csv", "label,text,c\nx,bon\njour,c\ny,oui,d\n"),
                                .label_required = 1};
    ASSERT_ROWS(&options, case_says(f, ": rows 2, 3 (2 of 3): 2 cells where the header has 3; is there a line break in "
                                       "an unquoted text? if there is none, leave such rows out with on_bad_row=skip"));
}

/* pandas' to_csv(sep="\t"): quoted cells hold line ends. */
static void test_tsv_with_line_ends(void **state) {
    static const char text[] = "text\tlabel\n\"a\nb \"\"c\"\"\"\tx\n\"d\ne\"\ty\n";
    const table tables[] = {
        {"a.tsv", text, "x|a\\nb \"c\"\ny|d\\ne\n", "F: was read as CSV, which it holds whatever its ending\n"},
        {"a.txt", text, "x|a\\nb \"c\"\ny|d\\ne\n", NULL}};
    EXPECT_TABLES(*state, tables);
    case_folder *f = *state;
    cam_read_options options = {.path = case_text(f, "a.tsv", text), .format = CAM_FORMAT_TSV, .label_required = 1};
    char *got = case_rows(&options);
    assert_non_null(strstr(got, "a quoted cell holds a line break, which TSV has not; set format=csv delimiter=tab"));
    free(got);
    options.format = CAM_FORMAT_CSV;
    options.delimiter = '\t';
    ASSERT_ROWS(&options, "x|a\\nb \"c\"\ny|d\\ne\n");
}

/* Two files joined: the second one's header, with its mark, is no row; where every record counts, it is one. */
static void test_repeated_header(void **state) {
    static const table tables[] = {{"a.csv", "text;label\na;x\n\xEF\xBB\xBFtext;label\nb;y\n\"text\";\"label\"\nc;z\n",
                                    "x|a\ny|b\nz|c\n", "F: 2 rows that repeat the header were left out\n"}};
    EXPECT_TABLES(*state, tables);
    case_folder *f = *state;
    cam_read_options options = {.path = case_text(f, "a.csv", "text;label\na;x\ntext;label\n"), .keep_blank = 1};
    ASSERT_ROWS(&options, "x|a\nlabel|text\n");
}

/* Lists that pandas or an annotation tool wrote into the label's cell. */
static void test_label_lists(void **state) {
    case_folder *f = *state;
    static const struct {
        const char *label;
        int members; /* -1: no list */
        const char *first;
    } labels[] = {{"['a']", 1, "a"},
                  {"[\"a\"]", 1, "a"},
                  {"('a',)", 1, "a"},
                  {"{'a'}", 1, "a"},
                  {"[ ' a ' ]", 1, "a"},
                  {"[1]", 1, "1"},
                  {"['a', 'b']", 2, 0},
                  {"['a' 'b']", 2, 0},
                  {"[0, 1, 0]", 3, 0},
                  {"[]", 0, 0},
                  {"[x]", -1, 0},
                  {"(a)", -1, 0},
                  {"(1)", -1, 0},
                  {"['a'", -1, 0},
                  {"[a, b]", -1, 0},
                  {"[\"l'été\"]", 1, "l'été"},
                  {"{\"choices\": [\"a\"]}", 1, "a"},
                  {"{\"choices\":[\"a\",\"b\"]}", 2, 0}};
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        char text[200], rows[100];
        snprintf(text, sizeof text, "text\tlabel\nt\t%s\nu\tz\n", labels[i].label);
        snprintf(rows, sizeof rows, "%s|t\nz|u\n", labels[i].members == 1 ? labels[i].first : labels[i].label);
        cam_read_options options = {.path = case_text(f, "a.tsv", text), .label_required = 1};
        char *got = case_rows(&options);
        if (labels[i].members == 1 || labels[i].members < 0)
            assert_string_equal(got, rows);
        else if (labels[i].members == 0)
            assert_non_null(strstr(got, ":2: the label is blank"));
        else
            assert_non_null(strstr(got, "labels: the data is multi-label, and a text has one label here"));
        free(got);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_delimiters),   TEST(test_delimiters_contradict), TEST(test_above_the_header), TEST(test_quotes),
        TEST(test_ends_of_rows), TEST(test_tsv_with_line_ends),    TEST(test_repeated_header),  TEST(test_label_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
