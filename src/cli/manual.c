/* manual.c: writes the manual page, in the man macros of roff, from the tables of the command line and the
 * configuration and from the tables below. */
#include "cam/status.h"
#include "config.h"
#include "help.h"
#include "schema.h"
#include <string.h>

/* X(path, description) */
#define FILES(X)                                                                                                       \
    X("output_dir/config.json", "of the trained model, with the tokenizer's files beside it")                          \
    X("output_dir/model.safetensors", "weights of the best or the last model")                                         \
    X("output_dir/run.yaml", "the resolved configuration; it trains the same model again")                             \
    X("output_dir/README.md", "the model card: data, scores, settings, limits")                                        \
    X("output_dir/report.html", "a page of the run to look at in a browser; it holds texts of the data")               \
    X("output_dir/metrics.json", "final figures, those of TF-IDF on the same rows, and the verdict of the last line")  \
    X("output_dir/mistakes.csv", "validation and test rows that were taken for another label, the worst first")        \
    X("output_dir/log.jsonl", "an object for the run, every optimizer step, every evaluation and the end")             \
    X("output_dir/split.tsv",                                                                                          \
      "row, line, part (train or validation) and a hash of the text of each row of train_file")                        \
    X("output_dir/suspects.csv", "of clean: rows to look at, whose column decision a person fills")                    \
    X("output_dir/changes.csv", "of clean --apply: each change of the corrected file beside train_file")               \
    X("output_dir/corpus.tokens", "the tokenised texts of pretraining, unless cache_dir names another folder")         \
    X("~/.cache/huggingface/hub", "models of the Hub, which are read and never written")                               \
    X("~/.cache/cam-train/matmul-GPU.txt", "the table of tune, with the name of the GPU for GPU")

/* X(name, description); a test compares the names with the calls of getenv() */
#define ENVIRONMENT(X)                                                                                                 \
    X("NO_COLOR", "If it is not empty, messages have no colour unless --color always is given.")                       \
    X("TERM", "If it is dumb or missing, messages have no colour and progress is shown in plain lines.")               \
    X("COLUMNS", "Width of the progress line where the terminal does not report its own.")                             \
    X("HF_HUB_CACHE", "Folder of the models of the Hub.")                                                              \
    X("HUGGINGFACE_HUB_CACHE", "The same, where HF_HUB_CACHE is not set.")                                             \
    X("HF_HOME", "Its folder hub is the folder of the models of the Hub, where the two above are not set.")            \
    X("HUGGINGFACE_HUB_CACHE", "The same, where HF_HUB_CACHE is not set.")                                             \
    X("HF_ENDPOINT", "The Hub to download from, in place of https://huggingface.co.")                                  \
    X("HF_TOKEN", "The token that is sent to the Hub, for private and gated models.")                                  \
    X("HUGGING_FACE_HUB_TOKEN", "The same, where HF_TOKEN is not set.")                                                \
    X("HF_TOKEN_PATH", "The file of the token, where neither is set; else the file token in HF_HOME.")                 \
    X("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1: send no token.")                                                            \
    X("HF_HUB_OFFLINE", "1: open no connection; models come from the cache only.")                                     \
    X("TRANSFORMERS_OFFLINE", "The same.")                                                                             \
    X("HF_HUB_DOWNLOAD_TIMEOUT", "Seconds that a download may stand still; 30 where it is not set.")                   \
    X("HF_HUB_DISABLE_PROGRESS_BARS", "1: no redrawn line while a model is downloaded.")                               \
    X("HF_HUB_DISABLE_SYMLINKS", "1: files in the folders of the models, in place of links.")                          \
    X("REQUESTS_CA_BUNDLE", "A file of certificates for downloads, where a proxy has its own.")                        \
    X("CURL_CA_BUNDLE", "The same, where the one above is not set.")                                                   \
    X("SSL_CERT_FILE", "The same, where neither is set.")                                                              \
    X("XDG_CACHE_HOME", "Used in place of ~/.cache.")                                                                  \
    X("HOME", "The home folder, for ~.")                                                                               \
    X("CUDA_VISIBLE_DEVICES", "The GPUs that may be used, as for every CUDA program.")                                 \
    X("OMP_WAIT_POLICY", "How threads wait, as for every OpenMP program.")                                             \
    X("GOMP_SPINCOUNT", "The same. Where neither is set, cam-train sets this one to 20000.")                           \
    X("CAM_CPU_ISA", "v2, v3 or v4: compute as a processor of this level of x86-64 does.")                             \
    X("CAM_MATMUL_TABLE", "The table of tune; none for no table.")                                                     \
    X("CAM_COMM", "mpi or nccl: the library by which ranks exchange gradients.")                                       \
    X("CAM_MPI_LIBRARY", "The file of the MPI library to load under a launcher.")                                      \
    X("CAM_CUDA_CHECK", "Unless it is 0, wait for every kernel and name the first that fails.")                        \
    X("SLURM_STEP_ID", "With SLURM_STEP_NUM_TASKS above 1: the program was started by srun, as one of several ranks.") \
    X("SLURM_STEP_NUM_TASKS", "See SLURM_STEP_ID.")

/* X(command, description) */
#define EXAMPLES(X)                                                                                                    \
    X("cam-train init --data messages.csv > my.yaml",                                                                  \
      "Write a configuration that fits a file; then read and edit it.")                                                \
    X("cam-train check --config my.yaml",                                                                              \
      "Read the data and the model, and list the problems of a run before it starts.")                                 \
    X("cam-train --config my.yaml learning_rate=3e-5", "Train, with another rate than the file's.")                    \
    X("cam-train predict --model runs/commandes --input new.txt --format jsonl --top-k 3", "Classify texts.")          \
    X("cam-train eval --model runs/commandes --data labelled.csv", "Score the model on rows with labels.")             \
    X("cam-train pretrain --config my.yaml", "Teach a model the language of texts without labels.")                    \
    X("cam-train fill --model runs/adapted \"Je voudrais <mask> ma commande\"", "Guess a word.")                       \
    X("mpirun -n 2 cam-train --config my.yaml", "Train with two ranks, where the program was built with MPI.")

/* Appends a text with escapes, so that none of its characters is a command of roff or printed as another one. */
static void put_text(const char *text, cam_strbuf *out) {
    if (*text == '.' || *text == '\'')
        cam_strbuf_puts(out, "\\&");
    for (; *text; text++) {
        const char *special = *text == '\\'   ? "\\e"
                              : *text == '-'  ? "\\-"
                              : *text == '^'  ? "\\(ha"
                              : *text == '~'  ? "\\(ti"
                              : *text == '`'  ? "\\(ga"
                              : *text == '\'' ? "\\(aq"
                              : *text == '"'  ? "\\(dq"
                                              : NULL;
        if (special)
            cam_strbuf_puts(out, special);
        else
            cam_strbuf_putc(out, *text);
    }
}

static void put_line(const char *text, cam_strbuf *out) {
    put_text(text, out);
    cam_strbuf_putc(out, '\n');
}

static void put_bold(const char *text, cam_strbuf *out) {
    cam_strbuf_puts(out, "\\fB");
    put_text(text, out);
    cam_strbuf_puts(out, "\\fR");
}

static void put_italic(const char *text, cam_strbuf *out) {
    cam_strbuf_puts(out, "\\fI");
    put_text(text, out);
    cam_strbuf_puts(out, "\\fR");
}

static void put_paragraph(const char *text, cam_strbuf *out) {
    cam_strbuf_puts(out, ".PP\n");
    put_line(text, out);
}

/* Appends an entry of a list. */
static void put_item(const char *name, const char *text, cam_strbuf *out) {
    cam_strbuf_puts(out, ".TP\n");
    put_bold(name, out);
    cam_strbuf_putc(out, '\n');
    put_line(text, out);
}

/* Appends "--config FILE [KEY=VALUE ...]": names in capitals are placeholders. */
static void put_arguments(const char *text, cam_strbuf *out) {
    static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    while (*text) {
        size_t name = strspn(text, capitals), rest = strcspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        cam_strbuf part = CAM_STRBUF_INIT;
        cam_strbuf_append(&part, text, name ? name : rest);
        if (name)
            put_italic(cam_strbuf_text(&part), out);
        else
            put_text(cam_strbuf_text(&part), out);
        cam_strbuf_release(&part);
        text += name ? name : rest;
    }
}

static void put_option(const cam_option_row *row, cam_strbuf *out) {
    cam_strbuf value = CAM_STRBUF_INIT;
    cam_help_put_value(row, &value);
    cam_strbuf_puts(out, ".TP\n");
    put_bold(row->option, out);
    if (row->kind != CAM_OPTION_IS_SWITCH) {
        cam_strbuf_putc(out, ' ');
        if (row->kind == CAM_OPTION_IS_CHOICE)
            put_text(cam_strbuf_text(&value), out);
        else
            put_italic(cam_strbuf_text(&value), out);
    }
    cam_strbuf_putc(out, '\n');
    put_line(row->help, out);
    cam_strbuf_release(&value);
}

static void put_synopsis(cam_strbuf *out) {
    cam_strbuf_puts(out, ".SH SYNOPSIS\n.nf\n");
    for (int v = 0; v < CAM_VERB_COUNT; v++) {
        put_bold("cam-train", out);
        cam_strbuf_puts(out, v == CAM_VERB_TRAIN ? " [" : " ");
        put_bold(cam_verb_rows[v].word, out);
        cam_strbuf_puts(out, v == CAM_VERB_TRAIN ? "] " : " ");
        put_arguments(cam_verb_rows[v].arguments, out);
        cam_strbuf_putc(out, '\n');
    }
    cam_strbuf_puts(out, ".fi\n");
}

static void put_description(cam_strbuf *out) {
    cam_strbuf_puts(out, ".SH DESCRIPTION\n");
    put_line(
        "cam-train trains classifiers of French texts from CamemBERT models, and uses them. It reads a CSV, TSV or "
        "JSONL file of texts and labels, and a model in the layout of Hugging Face; the trained model is a folder "
        "of the same layout.",
        out);
    put_paragraph("Results go to standard output, and everything else to standard error. The same configuration and "
                  "data give the same weights to the bit, whatever the number of threads.",
                  out);
}

static void put_verbs(cam_strbuf *out) {
    cam_strbuf_puts(out, ".SH VERBS\n");
    put_line("Options that every verb takes are listed under OPTIONS.", out);
    for (int v = 0; v < CAM_VERB_COUNT; v++) {
        const cam_verb_row *row = &cam_verb_rows[v];
        cam_strbuf_printf(out, ".SS cam\\-train %s\n", row->word);
        put_arguments(row->arguments, out);
        cam_strbuf_puts(out, "\n");
        put_paragraph(row->more, out);
        for (int i = 0; i < CAM_OPTION_COUNT; i++)
            if (cam_option_is_of(&cam_option_rows[i], (cam_verb)v) && cam_option_rows[i].verbs != CAM_FOR_ALL)
                put_option(&cam_option_rows[i], out);
    }
}

static void put_common_options(cam_strbuf *out) {
    cam_strbuf_puts(out, ".SH OPTIONS\n");
    put_line("Every verb takes these.", out);
    for (int i = 0; i < CAM_OPTION_COUNT; i++)
        if (cam_option_rows[i].verbs == CAM_FOR_ALL)
            put_option(&cam_option_rows[i], out);
}

/* Appends a key. The help of most choices already lists them. */
static void put_key(const cam_config_row *row, cam_strbuf *out) {
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_strbuf_puts(&text, row->help);
    if (!row->choices || !strchr(row->help, '|')) {
        cam_strbuf_puts(&text, " (");
        cam_config_row_describe(row, &text);
        cam_strbuf_putc(&text, ')');
    }
    cam_strbuf_puts(out, ".TP\n");
    put_bold(row->leaf, out);
    cam_strbuf_puts(out, ": ");
    put_text(row->default_text, out);
    cam_strbuf_putc(out, '\n');
    put_line(cam_strbuf_text(&text), out);
    cam_strbuf_release(&text);
}

static void put_configuration(cam_strbuf *out) {
    const char *section = "";
    cam_strbuf_puts(out, ".SH CONFIGURATION\n");
    put_line("A configuration is a YAML file of sections and keys. Key names are unique: on the command line "
             "learning_rate=3e-5 and training.learning_rate=3e-5 mean the same, and ~learning_rate restores the "
             "default. A later file replaces values of an earlier one, and the command line those of all files. "
             "cam-train init prints a file to start from.",
             out);
    put_paragraph("A word of a list is understood in any case, and under the names that other programs have for it: "
                  "encoding: latin-1, delimiter: comma, metric_for_best_model: eval_loss. A path may begin with ~/. "
                  "A configuration may be named without --config where its name ends in .yaml or .yml.",
                  out);
    put_paragraph("The sections and their keys follow, each key with its default, its meaning, and its values.", out);
    for (size_t key = 0; key < CAM_CONFIG_KEY_COUNT; key++) {
        const cam_config_row *row = &cam_config_rows[key];
        if (strcmp(section, row->section) != 0)
            cam_strbuf_printf(out, ".SS %s\n", row->section);
        section = row->section;
        put_key(row, out);
    }
}

static void put_example(const char *command, const char *text, cam_strbuf *out) {
    cam_strbuf_puts(out, ".PP\n");
    put_line(text, out);
    cam_strbuf_puts(out, ".PP\n.RS 4\n.nf\n");
    put_line(command, out);
    cam_strbuf_puts(out, ".fi\n.RE\n");
}

#define PUT_ITEM(name, text)              put_item(name, text, out);
#define PUT_EXIT_CODE(name, number, text) put_item(#number, text, out);
#define PUT_EXAMPLE(command, text)        put_example(command, text, out);

void cam_manual_put(cam_strbuf *out) {
    cam_strbuf_puts(out, ".\\\" Generated by \"make docs\" from the tables of src/cli and src/config; do not edit.\n"
                         ".TH CAM\\-TRAIN 1 \"\" \"cam\\-train " CAM_VERSION "\" \"User Commands\"\n"
                         ".nh\n.ad l\n" /* no hyphens inside names of keys and files */
                         ".SH NAME\ncam\\-train \\- fine\\-tune CamemBERT sequence classifiers\n");
    put_synopsis(out);
    put_description(out);
    put_verbs(out);
    put_common_options(out);
    put_configuration(out);
    cam_strbuf_puts(out, ".SH FILES\n");
    FILES(PUT_ITEM)
    cam_strbuf_puts(out, ".SH ENVIRONMENT\n");
    ENVIRONMENT(PUT_ITEM)
    cam_strbuf_puts(out, ".SH EXIT STATUS\n");
    CAM_EXIT_CODES(PUT_EXIT_CODE)
    put_paragraph("Under mpirun all ranks end with the same status.", out);
    cam_strbuf_puts(out, ".SH EXAMPLES\n");
    EXAMPLES(PUT_EXAMPLE)
    cam_strbuf_puts(out, ".SH SEE ALSO\n.BR mpirun (1)\n");
    put_paragraph("The documentation that comes with cam-train: README.md, docs/configuration.md, docs/cluster.md.",
                  out);
}
