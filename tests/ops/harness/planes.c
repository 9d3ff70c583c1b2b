/* planes.c: see planes.h. Invariant: no two chunks share a byte of a plane; bytes that no chunk owns may not change. */
#include "planes.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static int is_split(const cam_chunk *c) {
    return (c->form & CAM_CHUNK_SPLIT) != 0;
}

static int is_short(const cam_chunk *c) {
    return (c->form & CAM_CHUNK_GRADIENT_BF16) != 0;
}

/* --- positions -------------------------------------------------------------------------------------------------- */

/* The order of positions: the identity, or a random permutation (Fisher, Yates). */
static void places_in_turn(trial *t, int64_t *turn, int64_t count, plane_order order) {
    for (int64_t i = 0; i < count; i++)
        turn[i] = i;
    for (int64_t i = count - 1; order == PLANES_SHUFFLED && i > 0; i--) {
        int64_t j = (int64_t)(random_u64(t) % (uint64_t)(i + 1)), kept = turn[i];
        turn[i] = turn[j];
        turn[j] = kept;
    }
}

static uint32_t form_of(plane_forms forms, int64_t c) {
    static const uint32_t four[] = {CAM_CHUNK_SPLIT | CAM_CHUNK_GRADIENT_BF16, 0, CAM_CHUNK_SPLIT,
                                    CAM_CHUNK_GRADIENT_BF16};
    return forms == PLANES_MIXED ? four[c % 4] : forms == PLANES_ALL_SPLIT ? four[0] : 0;
}

planes planes_make(trial *t, int64_t count, plane_forms forms, plane_order order) {
    int64_t turn[MAX_CHUNKS];
    planes p = {.count = count, .mixed = forms != PLANES_F32};
    CAM_ASSERT(count <= MAX_CHUNKS);
    for (int64_t c = 0; c < count; c++)
        p.chunks[c] = (cam_chunk){.rate_scale = 1, .form = form_of(forms, c)};
    places_in_turn(t, turn, count, order);
    for (int64_t i = 0; i < count; i++) {
        cam_chunk *c = &p.chunks[turn[i]];
        c->weight = p.weight_units;
        p.weight_units += is_split(c) ? 1 : 2;
    }
    places_in_turn(t, turn, count, order);
    for (int64_t i = 0; i < count; i++) {
        cam_chunk *c = &p.chunks[turn[i]];
        c->gradient = p.gradient_units;
        p.gradient_units += is_short(c) ? 1 : 2;
    }
    places_in_turn(t, turn, count, order);
    p.low_units = order == PLANES_SHUFFLED; /* no chunk owns the first unit */
    for (int64_t i = 0; i < count; i++)
        if (is_split(&p.chunks[turn[i]]))
            p.chunks[turn[i]].low = p.low_units++;
    return p;
}

/* --- operands --------------------------------------------------------------------------------------------------- */

operand *planes_table(trial *t, const planes *p) {
    operand *o = operand_raw(t, "chunks", IN, CAM_I32, p->chunks, NULL, (size_t)p->count * sizeof *p->chunks);
    o->plain = 1;
    return o;
}

/* A plane of `units`, filled with `from` and its mask with `mask`, which are freed. */
static operand *plane_new(trial *t, const planes *p, const char *name, operand_role role, uint32_t units,
                          unsigned char *bytes, unsigned char *mask) {
    operand *o = operand_raw(t, name, role, p->mixed ? CAM_BF16 : CAM_F32, bytes, role == IN ? NULL : mask,
                             (size_t)units * CAM_CHUNK_UNIT);
    o->either = 1;
    o->free_dims = p->mixed; /* its length follows from the table on the device only */
    free(bytes);
    free(mask);
    return o;
}

static unsigned char *plane_bytes(uint32_t units, int value) {
    size_t bytes = (size_t)units * CAM_CHUNK_UNIT;
    unsigned char *plane = malloc(bytes + 1);
    if (!plane)
        CAM_BUG("no memory for a plane of %zu bytes", bytes);
    memset(plane, value, bytes);
    return plane;
}

/* Writes a chunk's value i, `bytes` wide, at its position and marks it. */
static void plane_put(unsigned char *plane, unsigned char *mask, uint32_t unit, int64_t i, const void *value,
                      size_t bytes) {
    size_t at = (size_t)unit * CAM_CHUNK_UNIT + (size_t)i * bytes;
    memcpy(plane + at, value, bytes);
    memset(mask + at, BYTE_WRITTEN, bytes);
}

operand *planes_gradient(trial *t, const planes *p, float *values) {
    unsigned char *plane = plane_bytes(p->gradient_units, 0xa5), *mask = plane_bytes(p->gradient_units, 0);
    for (int64_t k = 0; k < p->count * CAM_CHUNK; k++) {
        const cam_chunk *c = &p->chunks[k / CAM_CHUNK];
        if (is_short(c) && isfinite(values[k]))
            values[k] = float_of((bits_of(values[k]) + 0x8000u) & 0xffff0000u);
        uint16_t high = (uint16_t)(bits_of(values[k]) >> 16);
        const void *value = is_short(c) ? (const void *)&high : &values[k];
        plane_put(plane, mask, c->gradient, k % CAM_CHUNK, value, is_short(c) ? sizeof high : sizeof *values);
    }
    return plane_new(t, p, "grad", IN, p->gradient_units, plane, mask);
}

operand *planes_weight(trial *t, const planes *p, const float *values) {
    unsigned char *plane = plane_bytes(p->weight_units, 0xa5), *mask = plane_bytes(p->weight_units, 0);
    for (int64_t k = 0; k < p->count * CAM_CHUNK; k++) {
        const cam_chunk *c = &p->chunks[k / CAM_CHUNK];
        uint16_t high = (uint16_t)((bits_of(values[k]) + 0x8000u) >> 16);
        const void *value = is_split(c) ? (const void *)&high : &values[k];
        plane_put(plane, mask, c->weight, k % CAM_CHUNK, value, is_split(c) ? sizeof high : sizeof *values);
    }
    return plane_new(t, p, "weight", UPDATE, p->weight_units, plane, mask);
}

operand *planes_low(trial *t, const planes *p, const float *values) {
    int any = 0;
    for (int64_t c = 0; c < p->count; c++)
        any |= is_split(&p->chunks[c]);
    if (!any)
        return NULL;
    unsigned char *plane = plane_bytes(p->low_units, 0xa5), *mask = plane_bytes(p->low_units, 0);
    for (int64_t k = 0; k < p->count * CAM_CHUNK; k++) {
        const cam_chunk *c = &p->chunks[k / CAM_CHUNK];
        uint16_t low = (uint16_t)(bits_of(values[k]) & 0xffffu);
        if (is_split(c))
            plane_put(plane, mask, c->low, k % CAM_CHUNK, &low, sizeof low);
    }
    return plane_new(t, p, "low", UPDATE, p->low_units, plane, mask);
}

float planes_weight_after(const trial *t, const planes *p, int64_t i) {
    const cam_chunk *c = &p->chunks[i / CAM_CHUNK];
    const unsigned char *plane = bytes_after(operand_get(t, "weight")) + (size_t)c->weight * CAM_CHUNK_UNIT;
    size_t at = (size_t)(i % CAM_CHUNK);
    uint32_t bits;
    uint16_t high, low;
    if (!is_split(c)) {
        memcpy(&bits, plane + 4 * at, sizeof bits);
        return float_of(bits);
    }
    memcpy(&high, plane + 2 * at, sizeof high);
    memcpy(&low, bytes_after(operand_get(t, "low")) + (size_t)c->low * CAM_CHUNK_UNIT + 2 * at, sizeof low);
    /* The low half is signed: from 0x8000 up it subtracts one from the upper half. */
    bits = ((uint32_t)high << 16) + low - (low >= 0x8000 ? 0x10000u : 0u);
    return float_of(bits);
}
