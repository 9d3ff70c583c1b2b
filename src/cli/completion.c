/* completion.c: writes the completion for bash: words from the tables, then a function of fixed text. */
#include "config.h"
#include "help.h"
#include "schema.h"
#include <string.h>

/* Marks of file names in the lists; no word of a table has these characters. */
#define A_FILE   "<file>"
#define A_FOLDER "<folder>"

/* Appends a word as it is typed: bash ends a command at ";". Omits a word that only describes a form, such as "first:N"
 * and "[label, ...]". */
static void put_word(const char *word, cam_strbuf *out) {
    if (strpbrk(word, ":[]{} "))
        return;
    cam_strbuf_put_all(out, strpbrk(word, ";&|<>") ? " \\" : " ", word, NULL);
}

static void put_words(const char *const *words, size_t count, cam_strbuf *out) {
    for (size_t i = 0; i < count; i++)
        put_word(words[i], out);
}

/* Appends the words in quotes, without the first blank. */
static void put_list(const cam_strbuf *words, cam_strbuf *out) {
    cam_strbuf_put_all(out, "'", words->length ? cam_strbuf_text(words) + 1 : "", "'", NULL);
}

static void put_verb_list(const char *name, unsigned flags, cam_strbuf *out) {
    cam_strbuf words = CAM_STRBUF_INIT;
    for (int v = 0; v < CAM_VERB_COUNT; v++)
        if ((cam_verb_rows[v].flags & flags) == flags)
            put_word(cam_verb_rows[v].word, &words);
    cam_strbuf_put_all(out, name, "=", NULL);
    put_list(&words, out);
    cam_strbuf_putc(out, '\n');
    cam_strbuf_release(&words);
}

static void put_options_of_verbs(cam_strbuf *out) {
    cam_strbuf_puts(out, "\n# The options of a verb.\n_cam_train_options() {\n    case $1 in\n");
    for (int v = 0; v < CAM_VERB_COUNT; v++) {
        cam_strbuf words = CAM_STRBUF_INIT;
        for (int i = 0; i < CAM_OPTION_COUNT; i++)
            if (cam_option_is_of(&cam_option_rows[i], (cam_verb)v))
                put_word(cam_option_rows[i].option, &words);
        cam_strbuf_put_all(out, "    ", cam_verb_rows[v].word, ") echo ", NULL);
        put_list(&words, out);
        cam_strbuf_puts(out, " ;;\n");
        cam_strbuf_release(&words);
    }
    cam_strbuf_puts(out, "    esac\n}\n");
}

static void put_value_of_option(const cam_option_row *row, cam_strbuf *out) {
    cam_strbuf words = CAM_STRBUF_INIT;
    if (row->kind == CAM_OPTION_IS_FILE || row->kind == CAM_OPTION_IS_FILES)
        cam_strbuf_puts(&words, " " A_FILE);
    else if (row->kind == CAM_OPTION_IS_FOLDER)
        cam_strbuf_puts(&words, " " A_FOLDER);
    put_words(row->choices, row->choice_count, &words);
    const char *separator = "    ";
    for (int v = 0; v < CAM_VERB_COUNT; v++) {
        if (!cam_option_is_of(row, (cam_verb)v))
            continue;
        cam_strbuf_put_all(out, separator, "'", cam_verb_rows[v].word, " ", row->option, "'", NULL);
        separator = " | ";
    }
    cam_strbuf_puts(out, ") echo ");
    put_list(&words, out);
    cam_strbuf_puts(out, " ;;\n");
    cam_strbuf_release(&words);
}

static void put_values_of_options(cam_strbuf *out) {
    cam_strbuf_puts(
        out, "\n# The values of a verb's option; fails for a switch and for an option that the verb does not have.\n"
             "_cam_train_option_values() {\n    case \"$1 $2\" in\n");
    for (int i = 0; i < CAM_OPTION_COUNT; i++)
        if (cam_option_rows[i].kind != CAM_OPTION_IS_SWITCH)
            put_value_of_option(&cam_option_rows[i], out);
    cam_strbuf_puts(out, "    *) return 1 ;;\n    esac\n}\n");
}

static void put_values_of_key(const cam_config_row *row, cam_strbuf *out) {
    cam_strbuf words = CAM_STRBUF_INIT;
    switch (row->kind) {
    case CAM_KIND_PATH_OR_NULL:
        put_word("null", &words);
        cam_strbuf_puts(&words, " " A_FILE);
        break;
    case CAM_KIND_PATH:
    case CAM_KIND_FILES:
        cam_strbuf_puts(&words, " " A_FILE);
        break;
    case CAM_KIND_TEXT_OR_NULL:
    case CAM_KIND_NUMBER_OR_NULL:
    case CAM_KIND_INTEGER_OR_NULL:
    case CAM_KIND_COLUMNS:
    case CAM_KIND_LAYERS:
        put_word("null", &words);
        break;
    case CAM_KIND_INTEGER_OR_AUTO:
        put_word("auto", &words);
        break;
    case CAM_KIND_BOOLEAN:
        put_words((const char *const[]){"true", "false"}, 2, &words);
        break;
    default:
        put_words(row->choices, row->choice_count, &words);
    }
    if (words.length > 0) {
        cam_strbuf_put_all(out, "    ", row->leaf, ") echo ", NULL);
        put_list(&words, out);
        cam_strbuf_puts(out, " ;;\n");
    }
    cam_strbuf_release(&words);
}

static void put_keys(cam_strbuf *out) {
    cam_strbuf words = CAM_STRBUF_INIT;
    for (size_t key = 0; key < CAM_CONFIG_KEY_COUNT; key++)
        put_word(cam_config_rows[key].leaf, &words);
    cam_strbuf_puts(out, "_cam_train_keys=");
    put_list(&words, out);
    cam_strbuf_puts(out, "\n\n# The values of a key of the configuration, where they are a list.\n"
                         "_cam_train_key_values() {\n    case $1 in\n");
    for (size_t key = 0; key < CAM_CONFIG_KEY_COUNT; key++)
        put_values_of_key(&cam_config_rows[key], out);
    cam_strbuf_puts(out, "    esac\n}\n");
    cam_strbuf_release(&words);
}

static const char fixed[] =
    "\n# Fills COMPREPLY with those of the words $3... that begin with $2, each after the prefix $1.\n"
    "_cam_train_reply() {\n"
    "    local prefix=$1 begun=$2 word found IFS=$' \\t\\n'\n"
    "    shift 2\n"
    "    for word in \"$@\"; do\n"
    "        case $word in\n"
    "        '" A_FILE "' | '" A_FOLDER "')\n"
    "            compopt -o filenames 2>/dev/null || :\n"
    "            [[ $word == '" A_FILE "' ]] && word=-f || word=-d\n"
    "            while IFS= read -r found; do COMPREPLY+=(\"$prefix$found\"); done < <(compgen $word -- \"$begun\")\n"
    "            ;;\n"
    "        \"$begun\"*) COMPREPLY+=(\"$prefix$word\") ;;\n"
    "        esac\n"
    "    done\n"
    "}\n"
    "\n"
    "_cam_train() {\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local verb=train left='' prefix='' values IFS=$' \\t\\n'\n"
    "    COMPREPLY=()\n"
    "    case \" $_cam_train_verbs \" in\n"
    "    *\" ${COMP_WORDS[1]} \"*) ((COMP_CWORD > 1)) && verb=${COMP_WORDS[1]} ;;\n"
    "    esac\n"
    "    # NAME=VALUE is three words where COMP_WORDBREAKS has \"=\", which is usual, else one.\n"
    "    if [[ $current == = ]]; then\n"
    "        left=$before current=''\n"
    "    elif [[ $before == = ]] && ((COMP_CWORD > 2)); then\n"
    "        left=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    elif [[ $current == *=* ]]; then\n"
    "        left=${current%%=*} prefix=${current%%=*}= current=${current#*=}\n"
    "    elif [[ $before == --* ]]; then\n"
    "        left=$before\n"
    "    fi\n"
    "    if [[ $left == --* ]] && values=$(_cam_train_option_values \"$verb\" \"$left\"); then\n"
    "        _cam_train_reply \"$prefix\" \"$current\" $values\n"
    "    elif [[ $left && $left != --* ]]; then\n"
    "        _cam_train_reply \"$prefix\" \"$current\" $(_cam_train_key_values \"${left##*.}\")\n"
    "    elif [[ $current == -* ]]; then\n"
    "        _cam_train_reply '' \"$current\" $(_cam_train_options \"$verb\")\n"
    "    elif ((COMP_CWORD == 1)); then\n"
    "        _cam_train_reply '' \"$current\" $_cam_train_verbs\n"
    "    elif [[ \" $_cam_train_verbs_with_keys \" == *\" $verb \"* ]]; then\n"
    "        if [[ $current == '~'* ]]; then\n"
    "            _cam_train_reply '~' \"${current#'~'}\" $_cam_train_keys\n"
    "        else\n"
    "            _cam_train_reply '' \"$current\" ${_cam_train_keys// /= }=\n"
    "            compopt -o nospace 2>/dev/null || :\n"
    "        fi\n"
    "    fi\n"
    "}\n"
    "\n"
    "complete -F _cam_train cam-train\n";

void cam_completion_put(cam_strbuf *out) {
    cam_strbuf_puts(out,
                    "# shellcheck shell=bash disable=SC2046,SC2086,SC2207\n"
                    "# Completion of cam-train for bash. Generated by \"make docs\" from the tables of src/cli and\n"
                    "# src/config; do not edit.\n\n");
    put_verb_list("_cam_train_verbs", 0, out);
    put_verb_list("_cam_train_verbs_with_keys", CAM_VERB_TAKES_KEYS, out);
    put_keys(out);
    put_options_of_verbs(out);
    put_values_of_options(out);
    cam_strbuf_puts(out, fixed);
}
