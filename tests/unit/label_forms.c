/* label_forms.c: labels that look alike have one normal form, and messages say by what they differ; words for missing
 * values, headers and numbers are found; broken accents are repaired. */
#include "label_forms.h"
#include "label_audit.h"
#include "mojibake.h"
#include "text_audit.h"

#include "dataset_case.h"

static void test_look_alikes(void **state) {
    (void)state;
    static const struct {
        const char *a, *b, *by;
    } table[] = {
        {"Suivi", "suivi", "case"},
        {"Réclamation", "reclamation", "case and accents"},
        {"mot de passe", "mot\u00A0de passe", "space"},
        {"mot de passe", "mot\u202Fde  passe", "space"},
        {"retour / échange", "retour/échange", "space"},
        {"l'été  [x]", "l'été [x]", "space"},
        {"a & b|c", "a&b|c", "space"},
        {"suivi", "suivi\u200B", "invisible characters"},
        {"su\u00ADivi", "suivi", "invisible characters"},
        {"\uFEFFsuivi", "suivi", "invisible characters"},
        {"\u200Fsuivi\u202C", "suivi", "invisible characters"},
        {"d'accès", "d\u2019accès", "quotes"},
        {"« suivi »", "suivi", "space and quotes"},
        {"«suivi»", "suivi", "quotes"},
        {"\"suivi\"", "suivi", "quotes"},
        {"porte\u2011clés", "porte-clés", "hyphens"},
        {"mot-de-passe", "mot de passe", "hyphens"},
        {"mot_de_passe", "mot de passe", "hyphens"},
        {"œuvre", "oeuvre", "letters that look alike"},
        {"\u0441olis", "colis", "letters that look alike"}, /* Cyrillic es */
        {"\uFF21chat", "Achat", "letters that look alike"}, /* full width */
        {"été", "ete", "accents"},
        {"acce\u0300s", "acc\u00E8s", "how accents are stored (NFC or NFD)"},
        {"Suivi.", "Suivi", "final punctuation"},
        {"Suivi :", "suivi…", "case and final punctuation"},
        {"1", "1.0", "how a number is written"},
        {"1", "01", "how a number is written"},
        {"0,50", "0.5", "how a number is written"},
        {"-1", "-1.00", "how a number is written"},
        {"+3", "3", "how a number is written"},
        {"True", "TRUE", "case"},
        {"accÃ¨s", "accès", "broken accents"},
        {"dâ€™accÃ¨s", "d\u2019accès", "broken accents"},
        {"dÃ©jÃ", "déjà", "broken accents"},
        {"rÃƒÂ©ponse", "réponse", "broken accents"}, /* broken twice */
        {"Å“uvre", "œuvre", "broken accents"},
    };
    cam_strbuf by = CAM_STRBUF_INIT;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (!cam_label_same_form(table[i].a, table[i].b))
            fail_msg("\"%s\" and \"%s\" have different forms", table[i].a, table[i].b);
        cam_strbuf_clear(&by);
        cam_label_put_differences(cam_label_differences(table[i].a, table[i].b), &by);
        assert_string_equal(by.text, table[i].by);
    }
    cam_strbuf_release(&by);
}

static void test_different(void **state) {
    (void)state;
    static const char *const table[][2] = {
        {"1", "-1"},      {"1", "10"},           {"0.1", "0.01"}, {"C", "C++"},
        {"a", "b"},       {"achat", "achats"},   {"?", "!"},      {"+", "-"},
        {"1.0.0", "1.0"}, {"suivi", "suivie"},   {"A/B", "AB"},   {"positif", "négatif"},
        {"5", "5%"},      {"note -1", "note 1"}, {"12", "1 2"},   {"Île", "\u00CE"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (cam_label_same_form(table[i][0], table[i][1]))
            fail_msg("\"%s\" and \"%s\" have one form", table[i][0], table[i][1]);
}

static void test_code_points(void **state) {
    (void)state;
    static const struct {
        const char *label;
        unsigned kinds;
        const char *shown;
    } table[] = {
        {"Suivi", CAM_LABEL_ALL, "\"Suivi\""},
        {"Suivi\u00A0client", CAM_LABEL_SPACES, "\"Suivi\u00A0client\" (U+00A0 after \"i\")"},
        {"\u200Bé\u200B", CAM_LABEL_INVISIBLE, "\"\u200Bé\u200B\" (U+200B at the start, U+200B after \"é\")"},
        {"d\u2019accès", CAM_LABEL_CASE, "\"d\u2019accès\""},
        {"a  b", CAM_LABEL_SPACES, "\"a  b\" (U+0020 after \" \")"},
        {"acce\u0300s", 0, "\"acce\u0300s\" (U+0300 after \"e\")"},
    };
    cam_strbuf shown = CAM_STRBUF_INIT;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        cam_strbuf_clear(&shown);
        cam_label_put(table[i].label, table[i].kinds, &shown);
        assert_string_equal(shown.text, table[i].shown);
    }
    cam_strbuf_release(&shown);
}

static void test_missing_and_numbers(void **state) {
    (void)state;
    static const char *const missing[] = {
        "nan", "NaN",      "NAN", "NULL", "null",  "None",    "N/A",       "n/a",           "#N/A", "NA",
        "\\N", "-",        "--",  "?",    "vide",  "(vide)",  "n.d.",      "N.D.",          "ND",   "<NA>",
        "NaT", "#VALEUR!", "…",   "–",    "#REF!", "(Blank)", "undefined", "Non renseigné", "."};
    static const char *const classes[] = {"négatif", "autre", "aucun", "0", "-1", "nature", "non", "null part", "a-b"};
    static const char *const numbers[] = {"0", "-1", "1.5", "0,25", "007", "+3", "1e-05", ".5", "12 %"};
    static const char *const words[] = {"", "-", "1a", "1.2.3", "a1", ".", "e5", "%", "1,2,3"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        if (!cam_label_is_missing(missing[i]))
            fail_msg("\"%s\" is a class", missing[i]);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (cam_label_is_missing(classes[i]))
            fail_msg("\"%s\" is a missing value", classes[i]);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_true(cam_label_is_number(numbers[i]));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_false(cam_label_is_number(words[i]));
}

static void test_nearest(void **state) {
    (void)state;
    static const char *const names[] = {"suivi", "réclamation", "1"};
    cam_labels labels;
    assert_int_equal(cam_labels_from_names(&labels, names, 3), CAM_OK);
    assert_string_equal(cam_label_nearest(&labels, "SUIVI\u00A0"), "suivi");
    assert_string_equal(cam_label_nearest(&labels, "Reclamations"), "réclamation");
    assert_string_equal(cam_label_nearest(&labels, "1.0"), "1");
    assert_null(cam_label_nearest(&labels, "facture"));
    cam_labels_release(&labels);
}

/* French typography before a quote is no broken form, although its bytes are UTF-8: U+00E9 U+00A0 U+00BB. */
static void test_mojibake(void **state) {
    (void)state;
    static const char *const sound[] = {"« Je suis allé\u00A0»", "QUALITÉ»", "À bientôt", "où ça ?",
                                        "Ça va… très bien"};
    cam_strbuf out = CAM_STRBUF_INIT;
    for (size_t i = 0; i < sizeof sound / sizeof *sound; i++) {
        cam_strbuf_clear(&out);
        assert_int_equal(cam_mojibake_repair(sound[i], strlen(sound[i]), &out), 0);
        assert_string_equal(out.text, sound[i]);
    }
    static const char whole[] = "L\u00E2\u20AC\u2122\u00C3\u00A9t\u00C3\u00A9", c1[] = "\u00C3\xC2\x89t\u00C3\u00A9",
                      mixed[] = "\u00C3\u00A9t\u00E9";
    assert_int_equal(cam_mojibake_ways(whole, strlen(whole), &out), CAM_MOJIBAKE_WINDOWS_1252);
    assert_int_equal(cam_mojibake_ways(c1, strlen(c1), &out), CAM_MOJIBAKE_LATIN_1);
    assert_int_equal(cam_mojibake_ways(mixed, strlen(mixed), &out), 0);
    assert_int_equal(cam_mojibake_ways("ete", 3, &out), CAM_MOJIBAKE_ANY);
    cam_strbuf_release(&out);
}

/* --- what a file's labels are told ------------------------------------------------------------------------------ */

/* The cure as "old=new;", with "" for rows that are left out. */
static char *audit(case_folder *f, const char *text, cam_strbuf *warnings) {
    cam_dataset data = case_load(f, "d.csv", text);
    cam_label_cure cure = {0};
    cam_strbuf pairs = CAM_STRBUF_INIT;
    assert_int_equal(cam_label_audit(&data, "text", "label", warnings, &cure), CAM_OK);
    cam_strbuf_puts(&pairs, "");
    for (size_t i = 0; i < cure.from.count; i++) {
        cam_pair pair = cam_label_cure_pair(&cure, i);
        cam_strbuf_printf(&pairs, "%s=%s;", pair.from, pair.to ? pair.to : "");
    }
    cam_label_cure_release(&cure);
    cam_dataset_release(&data);
    return cam_strbuf_detach(&pairs);
}

static void expect_audit(case_folder *f, const char *text, const char *warnings, const char *cure) {
    cam_strbuf said = CAM_STRBUF_INIT;
    char *pairs = audit(f, text, &said);
    assert_string_equal(cam_strbuf_text(&said), warnings);
    assert_string_equal(pairs, cure);
    free(pairs);
    cam_strbuf_release(&said);
}

static void test_audit(void **state) {
    case_folder *f = *state;
    expect_audit(f, "text;label\n1;a\n2;b\n", "", "");
    expect_audit(f, "text;label\n1;Été\n2;ete\n3;été\n4;été\n5;hiver\n",
                 "labels \"Été\" (1 row), \"ete\" (1 row), \"été\" (2 rows) differ only by case and accents\n",
                 "Été=été;ete=été;");
    expect_audit(f, "text;label\n1;a\n2;nan\n3;NULL\n4;nan\n5;b\n",
                 "missing values as labels: \"nan\" (2 rows), \"NULL\" (1 row)\n", "nan=;NULL=;");
    expect_audit(f, "text;label\n1;a\n2;b\nautre;label\n",
                 "label \"label\" (1 row, row 4) is the name of its column: a header line inside the file?\n",
                 "label=;");
    /* a label that the column is called after has rows of its own */
    expect_audit(f, "text;label\n1;label\n2;b\n3;label\n4;label\n5;label\n", "", "");
    expect_audit(f, "text;label\nText;Label\n2;b\ntext;Label\n4;c\nTEXT;Label\ntext;Label\n",
                 "label \"Label\" (4 rows, the first is row 2) is the name of its column: a header line inside the "
                 "file?\n",
                 "Label=;");
    expect_audit(f, "text;label\n1;su\u200Bivi\n2;accÃ¨s\n3;b\n",
                 "label \"su\u200Bivi\" (U+200B after \"u\") (1 row) probably stands for \"suivi\"\n"
                 "label \"accÃ¨s\" (1 row) probably stands for \"accès\"\n",
                 "su\u200Bivi=suivi;accÃ¨s=accès;");
    /* a broken spelling is never the one to keep */
    expect_audit(f, "text;label\n1;accÃ¨s\n2;accÃ¨s\n3;accès\n4;b\n",
                 "labels \"accÃ¨s\" (2 rows), \"accès\" (1 row) differ only by broken accents\n", "accÃ¨s=accès;");
}

static void test_column(void **state) {
    case_folder *f = *state;
    cam_strbuf text = CAM_STRBUF_INIT, said = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text, "text;label\n");
    for (int i = 0; i < 100; i++)
        cam_strbuf_printf(&text, "texte %d;%d.5\n", i, i % 40);
    free(audit(f, text.text, &said));
    assert_non_null(strstr(said.text, "the column \"label\" holds 40 different numbers: is this a regression?"));
    cam_strbuf_clear(&said);
    cam_strbuf_puts(&text, "autre;nan\n");
    free(audit(f, text.text, &said));
    assert_non_null(strstr(cam_strbuf_text(&said), "regression"));
    cam_strbuf_clear(&said);
    cam_strbuf_puts(&text, "autre;mot\n");
    free(audit(f, text.text, &said));
    assert_null(strstr(cam_strbuf_text(&said), "regression"));
    cam_strbuf_clear(&text);
    cam_strbuf_puts(&text, "text;label\n");
    for (int i = 0; i < 60; i++)
        cam_strbuf_printf(&text, "texte %d;client %d\n", i, i % 50);
    cam_strbuf_clear(&said);
    free(audit(f, text.text, &said));
    assert_non_null(strstr(said.text, "holds 50 different labels in 60 rows"));
    cam_strbuf_release(&text);
    cam_strbuf_release(&said);
}

static void expect_texts(case_folder *f, const char *text, const char *tail) {
    cam_dataset data = case_load(f, "d.csv", text);
    cam_strbuf said = CAM_STRBUF_INIT;
    cam_text_audit(&data, &said);
    if (tail[0] == '\0')
        assert_string_equal(cam_strbuf_text(&said), "");
    else
        assert_string_equal(cam_strbuf_text(&said), case_says(f, tail));
    cam_strbuf_release(&said);
    cam_dataset_release(&data);
}

static void test_texts(void **state) {
    case_folder *f = *state;
    char tail[1000];
    expect_texts(f, "text;label\nun été;a\nau café;b\n", "");
    static const char broken[] = "text;label\nun Ã©tÃ©, déjÃ\u00A0;a\nau cafÃ©;b\n",
                      whole[] = "text;label\nun Ã©tÃ©, dÃ©jÃ\u00A0;a\nau cafÃ©;b\n";
    expect_texts(
        f, broken,
        ": 2 of 2 texts have broken accents: \"Ã©tÃ©\" should read \"été\", \"déjÃ\u00A0\" should read \"déjà\"; no "
        "conversion of the whole file restores it, since other texts are sound: export it again from the program "
        "that shows the accents\n");
    snprintf(
        tail, sizeof tail,
        ": 2 of 2 texts have broken accents: \"Ã©tÃ©\" should read \"été\", \"dÃ©jÃ\u00A0\" should read \"déjà\"; this "
        "restores the file: iconv -f utf-8 -t windows-1252 %s > restored.csv\n",
        f->file[0]);
    expect_texts(f, whole, tail);
    expect_texts(f, "text;label\nmême texte;a\nMême texte !;b\n",
                 ": all 2 texts are equal: is text_column the right column?\n");
    expect_texts(f, "text;label\nachat;achat\nretour;retour\nun texte;achat\n",
                 ": 2 of 3 texts are their own label: is text_column the column of the labels?\n");
    expect_texts(f, "text;label\n[achat] un;achat\n[retour] deux;retour\n",
                 ": 2 of 2 texts hold their label word for word: the model will read it there, and a text without it "
                 "will be judged badly\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)

/* Appends rows of one label. */
static void put_rows(cam_strbuf *text, int rows, const char *label) {
    for (int i = 0; i < rows; i++)
        cam_strbuf_printf(text, "texte %d %s;%s\n", i, label, label);
}

/* Words with one meaning, and rare labels that are one letter off a frequent one; classes that differ by a letter stay. */
static void test_meanings(void **state) {
    case_folder *f = *state;
    static const struct {
        struct {
            int rows;
            const char *label;
        } labels[4];
        const char *warnings, *cure;
    } files[] = {
        {{{4, "Oui"}, {2, "O"}, {3, "Non"}, {1, "N"}},
         "labels \"Oui\" (4 rows), \"O\" (2 rows) mean the same\nlabels \"Non\" (3 rows), \"N\" (1 row) mean the "
         "same\n",
         "O=Oui;N=Non;"},
        {{{2, "TRUE"}, {3, "VRAI"}, {4, "FAUX"}},
         "labels \"TRUE\" (2 rows), \"VRAI\" (3 rows) mean the same\n",
         "TRUE=VRAI;"},
        {{{4, "Oui"}, {3, "Non"}}, "", ""},
        {{{4, "N"}, {3, "O"}, {2, "P"}}, "", ""}, /* grades */
        {{{30, "Facturation"}, {1, "Facutration"}, {2, "facturatio"}, {9, "Livraison"}},
         "label \"Facutration\" (1 row) may be a misspelling of \"Facturation\" (30 rows)\n"
         "label \"facturatio\" (2 rows) may be a misspelling of \"Facturation\" (30 rows)\n",
         "Facutration=Facturation;facturatio=Facturation;"},
        {{{30, "niveau A"}, {2, "niveau B"}, {40, "classe 1"}, {2, "classe 2"}}, "", ""},
        {{{30, "achat"}, {2, "rachat"}, {30, "port"}, {2, "porte"}},
         "label \"porte\" (2 rows) may be a misspelling of \"port\" (30 rows)\n",
         "porte=port;"},
        {{{30, "Livraison"}, {6, "Livraisons"}}, "", ""}, /* not that rare */
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        cam_strbuf text = CAM_STRBUF_INIT;
        cam_strbuf_puts(&text, "text;label\n");
        for (int k = 0; k < 4 && files[i].labels[k].label; k++)
            put_rows(&text, files[i].labels[k].rows, files[i].labels[k].label);
        expect_audit(f, text.text, files[i].warnings, files[i].cure);
        cam_strbuf_release(&text);
    }
}

static void test_marked(void **state) {
    (void)state;
    cam_strbuf out = CAM_STRBUF_INIT;
    cam_label_put_marked("Délai de\u00A0livraison", CAM_LABEL_SPACES, &out);
    cam_strbuf_puts(&out, "|");
    cam_label_put_marked("deux  mots", CAM_LABEL_SPACES, &out);
    assert_string_equal(out.text, "Délai de<U+00A0>livraison|deux <U+0020>mots");
    cam_strbuf_release(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look_alikes),
        cmocka_unit_test(test_different),
        cmocka_unit_test(test_code_points),
        cmocka_unit_test(test_missing_and_numbers),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_mojibake),
        TEST(test_audit),
        TEST(test_column),
        TEST(test_texts),
        TEST(test_meanings),
        cmocka_unit_test(test_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
