/* phases.c: see phases.h. */
#include "phases.h"
#include "clock.h"
#include <string.h>

static double spent_s[CAM_PHASE_COUNT], begin_s;
static cam_phase current = CAM_PHASE_COUNT; /* before the first call */
static struct {
    const char *words;
    double seconds;
} beside[CAM_PHASES_BESIDE];

cam_phase cam_phase_enter(cam_phase phase) {
    double now_s = cam_now_s();
    cam_phase before = current == CAM_PHASE_COUNT ? phase : current;
    spent_s[before] += current == CAM_PHASE_COUNT ? 0 : now_s - begin_s;
    begin_s = now_s;
    current = phase;
    return before;
}

void cam_phases_beside(const char *words, double seconds) {
    for (size_t i = 0; i < CAM_PHASES_BESIDE; i++)
        if (!beside[i].words || strcmp(beside[i].words, words) == 0) {
            beside[i].words = words;
            beside[i].seconds += seconds;
            return;
        }
}

static void put_line(cam_strbuf *out, const char *words, double seconds) {
    cam_strbuf_printf(out, "\n  %-26s %9.3f s", words, seconds);
}

void cam_phases_put(cam_strbuf *out) {
    static const char *const words[] = {
#define PHASE_WORDS(code, text) text,
        CAM_PHASES(PHASE_WORDS)
#undef PHASE_WORDS
    };
    double sum = 0;
    if (current == CAM_PHASE_COUNT)
        return;
    cam_phase_enter(current);
    for (int i = 0; i < CAM_PHASE_COUNT; i++)
        sum += spent_s[i];
    cam_strbuf_printf(out, "time     %.3f s, by phase:", sum);
    for (int i = 0; i < CAM_PHASE_COUNT; i++)
        if (spent_s[i] >= 0.0005)
            put_line(out, words[i], spent_s[i]);
    for (size_t i = 0; i < CAM_PHASES_BESIDE && beside[i].words; i++) {
        if (i == 0)
            cam_strbuf_puts(out, "\n  beside them:");
        put_line(out, beside[i].words, beside[i].seconds);
    }
}
