/* detect.c: what `init` finds in small files: format, encoding, delimiter, header, columns, the evidence and the
 * refusals. */
#include "detect.h"
#include "dataset_case.h"

typedef struct expectation {
    const char *name; /* of the file */
    const char *bytes;
    cam_data_format format;
    cam_encoding encoding;
    char delimiter;
    int has_header;
    const char *text, *label; /* names of the columns */
    const char *notes[3];     /* each is in one note; NULL = no more */
    const char *warning;      /* in the warnings; NULL = there are none */
} expectation;

#define CSV(delimiter, header)  CAM_FORMAT_CSV, CAM_ENCODING_UTF8, delimiter, header
#define TSV(header)             CAM_FORMAT_TSV, CAM_ENCODING_UTF8, '\t', header
#define JSON                    CAM_FORMAT_JSONL, CAM_ENCODING_UTF8, 0, 1
#define IN(encoding, delimiter) CAM_FORMAT_CSV, encoding, delimiter, 1

static int some_note_has(const cam_detected *found, const char *words) {
    for (size_t i = 0; i < CAM_NOTE_COUNT; i++)
        if (strstr(cam_strbuf_text(&found->notes[i]), words))
            return 1;
    return 0;
}

static void show(const cam_detected *found) {
    for (size_t i = 0; i < CAM_NOTE_COUNT; i++)
        print_message("%s\n", cam_strbuf_text(&found->notes[i]));
    print_message("%s\n", cam_strbuf_text(&found->warnings));
}

static void expect(case_folder *f, const expectation *e) {
    cam_detected found;
    if (cam_detect(&(cam_read_options){.path = case_text(f, e->name, e->bytes)}, &found) != CAM_OK)
        fail_msg("%s\n%s", e->bytes, cam_status_message());
    const char *text = found.columns[found.text_column], *label = found.columns[found.label_column];
    int same = found.format == e->format && found.encoding == e->encoding && found.delimiter == e->delimiter &&
               found.has_header == e->has_header && strcmp(text, e->text) == 0 && strcmp(label, e->label) == 0;
    for (size_t i = 0; i < 3 && e->notes[i]; i++)
        same = same && some_note_has(&found, e->notes[i]);
    const char *warnings = cam_strbuf_text(&found.warnings);
    same = same && (e->warning ? strstr(warnings, e->warning) != NULL : warnings[0] == '\0');
    if (!same) {
        show(&found);
        fail_msg("%s\nfound text \"%s\", label \"%s\", header %d, format %d, encoding %d, delimiter \"%c\"", e->bytes,
                 text, label, found.has_header, (int)found.format, (int)found.encoding, found.delimiter);
    }
    cam_detected_release(&found);
}

#define EXPECT_ALL(f, list)                                                                                            \
    for (size_t each = 0; each < sizeof(list) / sizeof(list)[0]; each++)                                               \
    expect(f, &(list)[each])

/* --- columns ---------------------------------------------------------------------------------------------------- */

static void test_columns(void **state) {
    static const expectation files[] = {
        /* several tags in a cell are no category */
        {"d.csv",
         "ID,Subject,Description,Group,Tags\n1,commande à rendre,je veux rendre ma commande,Retours,urgent retour\n"
         "2,colis ?,où est mon colis,Suivi,retour vip\n3,rendre un article,je rends un article,Retours,retour urgent "
         "vip\n"
         "4,colis perdu ?,le colis est perdu,Suivi,vip urgent\n5,retard,colis en retard,Suivi,retour urgent\n"
         "6,article cassé,un article est cassé,Retours,retour vip\n",
         CSV(',', 1),
         "Description",
         "Group",
         {"label column: Group, 2 values"},
         NULL},
        /* the category wins over a channel with fewer values, wherever it stands */
        {"d.csv",
         "Canal;Date;Message client;Catégorie\nmail;12/03/2024;je veux rendre ma commande;retour\nmail;13/03/2024;où "
         "est "
         "mon colis;suivi\ntel;13/03/2024;je rends un article;retour\ntel;14/03/2024;le colis est perdu;perte\n"
         "mail;15/03/2024;colis en retard;suivi\ntel;16/03/2024;colis disparu;perte\n",
         CSV(';', 1),
         "Message client",
         "Catégorie",
         {"label column: Catégorie, 3 values; also possible: Canal, 2 values", "text column: Message client, "},
         NULL},
        {"d.csv",
         "id,statut,verbatim,motif,agent\n1,clos,le produit est cassé depuis hier,casse,Anne\n2,clos,je n'ai rien "
         "reçu,livraison,Luc\n3,ouvert,rien reçu non plus,livraison,Anne\n4,ouvert,tout est cassé,casse,Luc\n",
         CSV(',', 1),
         "verbatim",
         "motif",
         {"also possible: statut, 2 values; agent, 2 values"},
         NULL},
        /* words before numbers */
        {"d.csv",
         "annee,theme,message\n2023,x,un long message\n2023,y,deux longs messages\n2023,x,trois\n2024,y,quatre "
         "messages\n2024,z,cinq messages\n2024,z,encore des messages\n",
         CSV(',', 1),
         "message",
         "theme",
         {NULL},
         NULL},
        /* names in English, joined words, a numeric label */
        {"d.csv",
         "ticketId,customerMessage,label\n10,where is my parcel,0\n11,I want my money back,1\n12,parcel is lost,0\n13,"
         "refund please,1\n",
         CSV(',', 1),
         "customerMessage",
         "label",
         {"label column: label, 2 values"},
         NULL},
        /* whole numbers as pandas writes them beside an empty cell */
        {"d.csv",
         "text,label\nacheter une vis,0.0\nrendre une vis,1.0\nacheter un clou,0.0\nrendre un clou,1.0\nla vis,2.0\n"
         "le clou,2.0\n",
         CSV(',', 1),
         "text",
         "label",
         {"label column: label, 3 values"},
         NULL},
        /* an empty column and one of links */
        {"d.csv",
         "lien;vide;texte;type de demande\nhttps://a.fr/1;;une demande "
         "simple;a\nhttps://a.fr/22222222222222222222222;;une "
         "autre demande;b\nhttps://a.fr/3;;encore une;a\nhttps://a.fr/4;;et une quatrième;b\n",
         CSV(';', 1),
         "texte",
         "type de demande",
         {NULL},
         NULL},
        /* three texts: the message, and the others are told */
        {"d.csv",
         "objet;message;réponse;classe\nmon colis;bonjour, où est mon colis parti hier;il arrive;a\nremise;je voudrais "
         "savoir s'il y a une remise;non merci;b\nle colis;toujours rien dans la boîte aujourd'hui;attendez;a\nprix;le "
         "prix affiché n'est pas le bon;il est bon;b\n",
         CSV(';', 1),
         "message",
         "classe",
         {"text column: message, 36 characters on average; also possible: réponse, 9 characters on average; objet, "},
         NULL},
        /* names that say nothing: the cells decide */
        {"d.csv",
         "a;b\nacheter une vis;achat\nrendre une vis;retour\nacheter un clou;achat\nrendre un clou;retour\n",
         CSV(';', 1),
         "a",
         "b",
         {NULL},
         NULL},
        {"d.jsonl",
         "{\"k\":\"a\",\"message\":\"un long message\"}\n{\"k\":\"b\",\"message\":\"deux messages\"}\n"
         "{\"message\":\"trois messages\",\"k\":\"a\"}\n{\"k\":\"b\",\"message\":\"quatre messages\"}\n",
         JSON,
         "message",
         "k",
         {NULL},
         NULL},
        {"d.jsonl",
         "{\"text\":\"un long message\",\"meta\":{\"canal\":\"x\"},\"label\":\"a\"}\n{\"text\":\"deux "
         "messages\",\"meta\":{},\"label\":\"b\"}\n{\"text\":\"trois\",\"meta\":null,\"label\":\"a\"}\n",
         JSON,
         "text",
         "label",
         {NULL},
         NULL},
    };
    EXPECT_ALL(*state, files);
}

static void test_warnings(void **state) {
    static const expectation files[] = {
        {"d.csv",
         "texte;x1;x2\nacheter une vis;achat;nord\nrendre une vis;retour;sud\nacheter un clou;achat;sud\nrendre un "
         "clou;retour;nord\n",
         CSV(';', 1),
         "texte",
         "x1",
         {"also possible: x2, 2 values"},
         "the label may be x1 or x2; init took x1: set label_column, or init --label-column NAME"},
        {"d.csv",
         "texte;canal\nacheter une vis;mail\nrendre une vis;tel\nacheter un clou;mail\nrendre un clou;tel\n",
         CSV(';', 1),
         "texte",
         "canal",
         {NULL},
         "canal is the likeliest label by its cells, but its name says something else"},
        {"d.csv",
         "texte;label;split\nacheter une vis;a;train\nrendre une vis;b;train\nacheter un clou;a;test\nrendre un "
         "clou;b;train\n",
         CSV(';', 1),
         "texte",
         "label",
         {NULL},
         "split says which rows are for training: the file is split already"},
    };
    EXPECT_ALL(*state, files);
}

/* --- header ----------------------------------------------------------------------------------------------------- */

static void test_header(void **state) {
    static const expectation files[] = {
        {"d.tsv",
         "achat\tacheter une vis\nretour\trendre une vis\nachat\tun clou\nretour\tle clou\n",
         TSV(0),
         "text",
         "label",
         {"header: none, \"achat\", \"acheter une vis\": its label occurs in other rows"},
         NULL},
        /* short texts and a rare label below a header */
        {"d.csv",
         "designation;categorie\nCafé;épicerie\nLait;frais\nJambon;frais\nRiz;épicerie\nSavon;hygiène\nGel;"
         "hygiène\nSel;"
         "épicerie\nBeurre;frais\nClou;bricolage\n",
         CSV(';', 1),
         "designation",
         "categorie",
         {"header: yes, \"designation\", \"categorie\": its cells are usual names of columns"},
         NULL},
        /* unknown names, product names as texts */
        {"d.csv",
         "article;rayon\nCafé;épicerie\nLait;frais\nJambon;frais\nRiz;épicerie\nSel;épicerie\nBeurre;frais\nThé;"
         "épicerie\n",
         CSV(';', 1),
         "article",
         "rayon",
         {NULL},
         NULL},
        /* an identifier is a word in a header and a number below */
        {"d.csv",
         "zz;aa;bb\n1;acheter une vis;achat\n2;rendre une vis;retour\n3;acheter un clou;achat\n4;rendre un "
         "clou;retour\n",
         CSV(';', 1),
         "aa",
         "bb",
         {"it has words where the rows have numbers or dates"},
         NULL},
        {"d.csv",
         "1;acheter une vis;achat\n2;rendre une vis;retour\n3;acheter un clou;achat\n4;rendre un clou;retour\n",
         CSV(';', 0),
         "text",
         "label",
         {"it has a number or a date as they have"},
         NULL},
        /* no header, and the first label is the only one of its kind */
        {"d.csv",
         "je voudrais acheter une vis de 12;devis\nje voudrais rendre une vis;retour\nje veux un clou très "
         "long;achat\nje "
         "rends un clou;retour\nje veux un marteau;achat\nje rends un marteau;retour\nje veux une scie;achat\nla scie "
         "est à "
         "combien;coût\nle clou est à combien;tarif\n",
         CSV(';', 0),
         "text",
         "label",
         {"it is as long as a text"},
         NULL},
        /* two files joined: the header is no label of a row */
        {"d.csv",
         "text,label\nacheter une vis,achat\nrendre une vis,retour\ntext,label\nacheter un clou,achat\nrendre un "
         "clou,retour\n",
         CSV(',', 1),
         "text",
         "label",
         {"label column: label, 2 values"},
         NULL},
    };
    EXPECT_ALL(*state, files);
}

/* --- encoding, format, delimiter -------------------------------------------------------------------------------- */

#define ROWS(e_acute, euro)                                                                                            \
    "texte;cat" e_acute "gorie\nla r" e_acute "ponse est arriv" e_acute "e;suivi\nrendez-moi 20 " euro                 \
    " vite;argent\nle colis a " e_acute "t" e_acute " perdu;suivi\nje suis d" e_acute "bit" e_acute " de 30 " euro     \
    " encore;argent\n"

static void test_encoding(void **state) {
    static const expectation files[] = {
        {"d.csv", ROWS("é", "€"), CSV(';', 1), "texte", "catégorie", {"encoding: utf-8, by 9 characters"}, NULL},
        {"d.csv",
         ROWS("\xE9", "\x80"),
         IN(CAM_ENCODING_WINDOWS_1252, ';'),
         "texte",
         "catégorie",
         {"encoding: windows-1252, by 9 bytes; \""},
         NULL},
        {"d.csv",
         ROWS("\xE9", "\xA4"),
         IN(CAM_ENCODING_ISO_8859_15, ';'),
         "texte",
         "catégorie",
         {"encoding: iso-8859-15, by 9 bytes; \""},
         NULL},
        {"d.csv",
         ROWS("\x8E", "\xDB"),
         IN(CAM_ENCODING_MACROMAN, ';'),
         "texte",
         "catégorie",
         {"encoding: macroman, by 9 bytes; \""},
         NULL},
        {"d.csv", ROWS("e", "euros"), CSV(';', 1), "texte", "categorie", {NULL}, NULL},
    };
    EXPECT_ALL(*state, files);
}

static void test_format(void **state) {
    static const expectation files[] = {
        {"d.txt",
         "texte;classe\nune demande;a\nune autre;b\nune de plus;a\nune fin;b\n",
         CSV(';', 1),
         "texte",
         "classe",
         {"format: csv, by its first bytes: a table", "delimiter: \";\", by 2 cells in 5 of 5 records"},
         NULL},
        {"d.json",
         "{\"texte\":\"une demande\",\"classe\":\"a\"}\n{\"texte\":\"une autre\",\"classe\":\"b\"}\n"
         "{\"texte\":\"de plus\",\"classe\":\"a\"}\n",
         JSON,
         "texte",
         "classe",
         {"format: jsonl, by its first bytes: one object a line"},
         NULL},
        /* a decimal comma in every row, a line break in a name */
        {"d.csv",
         "\"texte\nde l'avis\";sentiment;montant\ntrès bien;bon;12,5\nassez mal;mauvais;3,5\nplutôt bien;bon;4,5\ntrès "
         "mal;mauvais;1,5\n",
         CSV(';', 1),
         "texte\nde l'avis",
         "sentiment",
         {"text column: texte de l'avis, "},
         NULL},
        /* both ; and , in the first record */
        {"d.csv",
         "id,note;texte,long;classe\n1;la première demande, longue;a\n2;la seconde demande;b\n3;une autre;a\n4;encore "
         "une;b\n",
         CSV(';', 1),
         "texte,long",
         "classe",
         {NULL},
         NULL},
    };
    EXPECT_ALL(*state, files);
}

/* --- refusals --------------------------------------------------------------------------------------------------- */

static void refuse(case_folder *f, const char *name, const char *bytes, const char *message) {
    cam_detected found;
    const char *path = case_text(f, name, bytes);
    if (cam_detect(&(cam_read_options){.path = path}, &found) == CAM_OK)
        fail_msg("accepted, text %s, label %s: %s", found.columns[found.text_column], found.columns[found.label_column],
                 bytes);
    assert_string_equal(cam_status_message(), case_says(f, message));
    cam_detected_release(&found);
}

static void test_refuses(void **state) {
    case_folder *f = *state;
    refuse(f, "d.csv", "", ": the file is empty");
    refuse(f, "d.csv", "a;b\n\x81;\xE9\n",
           ":2: byte 0x81 is not UTF-8, and the text reads as French in none of Windows-1252, ISO-8859-15 and Mac OS "
           "Roman; save the file as CSV UTF-8");
    refuse(f, "d.csv", "text;label\n",
           ": no rows to look at below the first, \"text\", \"label\"; a row needs a text and a label");
    refuse(f, "d.csv", "text\na\nb\n",
           ": one column only, \"text\"; a text and a label are needed: add a column with the label of each row");
    refuse(
        f, "d.csv", "a;b\nun texte assez long;x1\nun autre texte long;x2\nencore un texte;x3\n",
        ": no column has cells that repeat, so none can be the label; add a column with the label of each row, a word "
        "that many rows share");
    refuse(f, "d.csv", "texte;prix\nun texte long;12,5\nun autre texte;8\nencore un;17,25\n",
           ": column \"prix\" holds 3 different numbers; to predict a number is regression, and cam-train trains "
           "classifiers: replace the numbers by a few classes (low, middle, high)");
    refuse(f, "d.csv", "canal;texte;label\nmail;un texte long;12.5\ntel;un autre texte;8\nmail;encore un;17.25\n",
           ": column \"label\" holds 3 different numbers; to predict a number is regression, and cam-train trains "
           "classifiers: replace the numbers by a few classes (low, middle, high)");
    refuse(f, "d.csv", "canal;texte;label\nmail;un texte long;\ntel;un autre texte;\nmail;encore un;\n",
           ": column \"label\" is empty; write the label of each row into it");
    refuse(f, "d.csv", "canal;texte;label\nmail;un texte long;x\ntel;un autre texte;x\nmail;encore un;x\n",
           ": column \"label\" has one value only, \"x\"; a classifier needs two labels");
    refuse(
        f, "d.csv", "canal;texte;label\nmail;un texte long;x\ntel;un autre texte;y\nmail;encore un;z\n",
        ": column \"label\" has 3 different values in 3 rows; the label must be a word or a few that many rows share");
    refuse(f, "d.csv", "texte;label;label\nun texte long;x;1\nun autre texte;y;2\nencore un;x;1\n",
           ": columns 2 and 3 are both named \"label\"; rename one in the file");
    refuse(f, "d.csv", "n;label\n12;x\n13;y\n15;x\n",
           ": no column holds texts beside \"label\", only numbers, dates or addresses");
    refuse(f, "d.csv", "n;date\n12;12/03/2024\n13;13/03/2024\n15;13/03/2024\n",
           ": no column holds texts, only numbers, dates or addresses");
    refuse(f, "d.jsonl", "{\"data\":{\"text\":\"a\"},\"n\":1}\n{\"data\":{\"text\":\"b\"},\"n\":2}\n",
           ": one column only, \"n\"; a text and a label are needed: add a column with the label of each row; members "
           "that are "
           "objects or lists are not looked into: write text and label as plain members");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_columns),  TEST(test_warnings), TEST(test_header),
        TEST(test_encoding), TEST(test_format),   TEST(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
