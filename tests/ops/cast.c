/* cast.c: conversions, exact to the bit except for a NaN's payload. Every 16-bit number is tested in both directions,
 * and values at, just below and just above the middle between two neighbours.
 */
#include "harness.h"
#include <tgmath.h>

typedef struct shape {
    cam_dtype from, to;
    int64_t n;
    double scale;
    int every; /* all numbers of the 16-bit format on one side, and the middles between them */
} shape;

typedef struct format {
    int fraction_bits, least_exponent, most_exponent;
} format;

static format format_of(cam_dtype dtype) {
    switch (dtype) {
    case CAM_F16:
        return (format){10, -14, 15};
    case CAM_BF16:
        return (format){7, -126, 127};
    case CAM_F32:
        return (format){23, -126, 127};
    default:
        return (format){52, -1022, 1023};
    }
}

/* x rounded to a format: to a multiple of the spacing at x (rint rounds to even), or to infinity. */
static double rounded(double x, cam_dtype dtype) {
    format f = format_of(dtype);
    int exponent;
    if (isnan(x) || isinf(x) || x == 0)
        return x;
    frexp(x, &exponent);
    exponent = exponent - 1 < f.least_exponent ? f.least_exponent : exponent - 1;
    double spacing = ldexp(1.0, exponent - f.fraction_bits), value = rint(x / spacing) * spacing;
    return fabs(value) >= ldexp(1.0, f.most_exponent) * 2 ? copysign((double)INFINITY, x) : value;
}

static void cast_double(trial *t) {
    for (int64_t i = 0; i < rows_of(t, "from"); i++)
        put_double(t, "to", i, rounded(values_double(t, "from")[i], SHAPE(shape)->to), 0);
}

/* The result is exact, so the float formula is the double one. */
static void cast_float(trial *t) {
    (void)t;
}

/* The absolute value of the 16-bit number `bits`. */
static double number(format f, int bits) {
    int fraction = bits & ((1 << f.fraction_bits) - 1), exponent = bits >> f.fraction_bits;
    if (exponent == 0)
        return ldexp((double)fraction, f.least_exponent - f.fraction_bits);
    return ldexp((double)(fraction + (1 << f.fraction_bits)), exponent - 1 + f.least_exponent - f.fraction_bits);
}

static void fill_every(trial *t, operand *from) {
    const shape *s = SHAPE(shape);
    format f = format_of(s->to == CAM_F32 ? s->from : s->to);
    int64_t at = 0;
    for (int bits = 0; bits < 1 << 15; bits++) {
        double value = number(f, bits), next = number(f, bits + 1), middle = (value + next) / 2;
        const double tries[] = {value, middle, nextafter(middle, 0.0), nextafter(middle, next)};
        double sign = random_u64(t) % 2 ? 1 : -1;
        for (int k = 0; k < 4 && at < from->count; k++)
            operand_set(from, at++, sign * rounded(tries[k], s->from));
    }
    operand_set(from, 0, NAN);
    operand_set(from, 1, -INFINITY);
    operand_set(from, 2, -0.0);
}

static void setup(trial *t) {
    const shape *s = SHAPE(shape);
    operand_new(t, "to", OUT, s->to, s->n, 0);
    operand *from = operand_new(t, "from", IN, s->from, s->n, 0);
    if (s->every) {
        fill_every(t, from);
        return;
    }
    for (int64_t i = 0; i < s->n; i++)
        operand_set(from, i, rounded(s->scale * random_normal(t), s->from));
}

CALL(cast, .to = ON("to"), .from = ON("from"))

#define PAIR(label, a, b) CASE(label, .from = CAM_##a, .to = CAM_##b, .n = 131072, .every = 1)
static const op_case cases[] = {
    CASE("f32-bf16-prime", .from = CAM_F32, .to = CAM_BF16, .n = 2053, .scale = 1),
    CASE("f32-f32-one", .from = CAM_F32, .to = CAM_F32, .n = 1, .scale = 1),
    CASE("f32-f16-33", .from = CAM_F32, .to = CAM_F16, .n = 33, .scale = 1e-5),
    CASE("f64-f32-overflow", .from = CAM_F64, .to = CAM_F32, .n = 1000, .scale = 1e39),
    CASE("f64-f32-subnormal", .from = CAM_F64, .to = CAM_F32, .n = 1000, .scale = 1e-40),
    CASE("f32-f16-overflow", .from = CAM_F32, .to = CAM_F16, .n = 1000, .scale = 65504),
    PAIR("f32-f16-every", F32, F16),
    PAIR("f32-bf16-every", F32, BF16),
    PAIR("f64-f16-every", F64, F16),
    PAIR("f64-bf16-every", F64, BF16),
    PAIR("f16-f32-every", F16, F32),
    PAIR("bf16-f32-every", BF16, F32),
    PAIR("bf16-f16-every", BF16, F16),
    PAIR("f16-bf16-every", F16, BF16),
    CASE("bf16-bf16", .from = CAM_BF16, .to = CAM_BF16, .n = 4099, .scale = 3),
};

OP_TESTS(cast, cast, cases, .setup = setup, .stateless = 1, .casts = 1);
