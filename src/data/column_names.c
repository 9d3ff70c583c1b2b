/* column_names.c: see column_names.h. The lists hold French and English words, in lower case, without accents
 * and without the s of a plural. */
#include "column_names.h"
#include "label_forms.h"
#include "text_fold.h"
#include <string.h>

static const char label_words[] =
    " label etiquette target cible categorie category categorization categorisation classe class classification "
    "intention intent motif theme thematique topic sentiment rubrique polarite polarity emotion annotation y gold ";
static const char weak_label_words[] =
    " type nature groupe group famille family domaine domain service sujet subject objet code tag ";
static const char text_words[] =
    " texte text message msg libelle commentaire comment avis review verbatim description question demande contenu "
    "content utterance phrase sentence corps body tweet query requete plainte reclamation remarque observation "
    "feedback "
    "transcription transcript document article paragraphe paragraph prompt ";
static const char weak_text_words[] = " titre title objet sujet subject reponse answer designation produit product "
                                      "resume summary intitule opinion input ";
/* Identifiers, dates, channels, states, measures and parts of a split: no text and no label, whatever stands beside. */
static const char other_words[] = " id ident identifiant identifier uuid guid numero num no number n nr ref reference "
                                  "index idx cle key unnamed ligne row "
                                  "date jour day moi mois month annee year heure hour time timestamp created updated "
                                  "creation horodatage canal channel "
                                  "source origine origin provenance media plateforme platform statut status etat state "
                                  "langue language lang locale url "
                                  "lien link telephone tel phone postal split fold set part partition version longueur "
                                  "length score confidence confiance "
                                  "probabilite prob montant amount prix price quantite quantity ";
/* People and places: neither, unless another word says what of theirs the cells hold ("message client"). */
static const char owner_words[] = " agent conseiller operateur operator auteur author user utilisateur username "
                                  "assigne assignee responsable nom prenom "
                                  "client customer pay pays country ville city region departement site magasin store "
                                  "agence email mail adresse address "
                                  "priorite priority urgence severity gravite age sexe ";

static int listed(const char *words, const char *word, size_t length) {
    char spaced[40];
    if (length == 0 || length + 3 > sizeof spaced)
        return 0;
    spaced[0] = ' ';
    memcpy(spaced + 1, word, length);
    memcpy(spaced + 1 + length, " ", 2);
    if (strstr(words, spaced))
        return 1;
    return length > 3 && word[length - 1] == 's' && listed(words, word, length - 1);
}

typedef struct hits {
    int label, weak_label, text, weak_text, other, owner;
} hits;

static void count_word(const char *word, size_t length, hits *h) {
    h->label += listed(label_words, word, length);
    h->weak_label += listed(weak_label_words, word, length);
    h->text += listed(text_words, word, length);
    h->weak_text += listed(weak_text_words, word, length);
    h->other += listed(other_words, word, length);
    h->owner += listed(owner_words, word, length);
}

static int is_word_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* Appends a name folded, with "_" between the parts of "createdAt". */
static void fold_name(const char *name, size_t length, cam_strbuf *folded) {
    cam_strbuf parted = CAM_STRBUF_INIT;
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && name[i - 1] >= 'a' && name[i - 1] <= 'z' && name[i] >= 'A' && name[i] <= 'Z')
            cam_strbuf_putc(&parted, '_');
        cam_strbuf_putc(&parted, name[i]);
    }
    cam_label_form(cam_strbuf_text(&parted), parted.length, CAM_LABEL_CASE | CAM_LABEL_ACCENTS, folded);
    cam_strbuf_release(&parted);
}

/* A word for labels outweighs one for texts: "type de demande" and "label_text" are labels. */
cam_name_points cam_column_name_points(const char *name, size_t length) {
    enum { LONGEST_NAME = 60, MOST_WORDS = 6 };
    cam_name_points points = {0};
    cam_strbuf folded = CAM_STRBUF_INIT;
    hits h = {0};
    size_t words = 0;
    cam_text_trim(&name, &length);
    if (length > LONGEST_NAME)
        return points;
    fold_name(name, length, &folded);
    const char *text = cam_strbuf_text(&folded);
    for (size_t i = 0, begin = 0; i <= folded.length; i++)
        if (i == folded.length || !is_word_character(text[i])) {
            words += i > begin;
            count_word(text + begin, i - begin, &h);
            begin = i + 1;
        }
    cam_strbuf_release(&folded);
    if (words > MOST_WORDS)
        return points;
    int means = h.label || h.weak_label || h.text || h.weak_text;
    int against = h.other || (h.owner && !means);
    points.label = h.label ? 3 : h.weak_label ? 1.5 : 0;
    points.text = h.label ? -1 : h.text && !h.weak_label ? 3 : h.text || h.weak_text ? 1.5 : 0;
    points.label -= against ? 3 : 0;
    points.text -= against ? 3 : 0;
    points.known = means || against;
    return points;
}
