/* lbfgs.c: see lbfgs.h. Invariant: the `kept` newest pairs (s, y), s = change of x, y = change of the gradient, are in
 * a ring, and s.y > 0 for each, so that every direction is a descent direction. */
#include "lbfgs.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS = 10, HALVINGS = 40 };

typedef struct search {
    size_t n;
    double *s[PAIRS], *y[PAIRS], rho[PAIRS]; /* rho = 1 / s.y */
    int kept, newest;                        /* slot of the newest pair */
    double *gradient, *direction, *next, *next_gradient;
    double *memory;
} search;

static double dot(const double *a, const double *b, size_t n) {
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t k = 0; k < 4; k++)
            sum[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        sum[0] += a[i] * b[i];
    return sum[0] + sum[1] + (sum[2] + sum[3]);
}

static void add_scaled(double *a, double scale, const double *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        a[i] += scale * b[i];
}

static double largest(const double *a, size_t n) {
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(a[i]));
    return most;
}

static cam_status open_search(search *r, size_t n) {
    *r = (search){.n = n, .memory = calloc(n, (2 * PAIRS + 4) * sizeof *r->memory)};
    if (!r->memory)
        return cam_fail(CAM_E_MEMORY, "no memory for the search over %zu weights", n);
    for (size_t i = 0; i < PAIRS; i++) {
        r->s[i] = r->memory + 2 * i * n;
        r->y[i] = r->s[i] + n;
    }
    r->gradient = r->memory + 2 * PAIRS * n;
    r->direction = r->gradient + n;
    r->next = r->direction + n;
    r->next_gradient = r->next + n;
    return CAM_OK;
}

/* direction = - H gradient, by the two-loop recursion over the pairs. */
static void find_direction(search *r) {
    double alpha[PAIRS];
    for (size_t i = 0; i < r->n; i++)
        r->direction[i] = -r->gradient[i];
    for (int back = 0; back < r->kept; back++) {
        int i = (r->newest - back + PAIRS) % PAIRS;
        alpha[i] = r->rho[i] * dot(r->s[i], r->direction, r->n);
        add_scaled(r->direction, -alpha[i], r->y[i], r->n);
    }
    double scale = r->kept ? 1 / (r->rho[r->newest] * dot(r->y[r->newest], r->y[r->newest], r->n))
                           : 1 / fmax(1, sqrt(dot(r->gradient, r->gradient, r->n)));
    for (size_t i = 0; i < r->n; i++)
        r->direction[i] *= scale;
    for (int back = r->kept - 1; back >= 0; back--) {
        int i = (r->newest - back + PAIRS) % PAIRS;
        double beta = r->rho[i] * dot(r->y[i], r->direction, r->n);
        add_scaled(r->direction, alpha[i] - beta, r->s[i], r->n);
    }
}

/* Line search: stores a lower point in next, next_gradient and *value; returns 0 if it finds none. */
static int walk(search *r, lbfgs_function function, const void *context, const double *x, double *value) {
    double slope = dot(r->gradient, r->direction, r->n), step = 1;
    for (int i = 0; slope < 0 && i < HALVINGS; i++) {
        memcpy(r->next, x, r->n * sizeof *x);
        add_scaled(r->next, step, r->direction, r->n);
        double here = function(context, r->next, r->next_gradient);
        if (here <= *value + 1e-4 * step * slope) {
            *value = here;
            return 1;
        }
        step /= 2;
    }
    return 0;
}

static void keep_pair(search *r, const double *x) {
    int slot = (r->newest + 1) % PAIRS;
    for (size_t i = 0; i < r->n; i++) {
        r->s[slot][i] = r->next[i] - x[i];
        r->y[slot][i] = r->next_gradient[i] - r->gradient[i];
    }
    double product = dot(r->s[slot], r->y[slot], r->n);
    if (!(product > 0))
        return;
    r->rho[slot] = 1 / product;
    r->newest = slot;
    r->kept += r->kept < PAIRS;
}

cam_status lbfgs_minimize(lbfgs_function function, const void *context, double *x, size_t n, double tolerance,
                          int iterations) {
    cam_status st = CAM_OK;
    search r;
    CAM_TRY(open_search(&r, n));
    double value = function(context, x, r.gradient);
    for (int i = 0; largest(r.gradient, n) > tolerance; i++) {
        if (i == iterations)
            CAM_FAIL(CAM_E_DIVERGED, "no minimum found in %d iterations", iterations);
        find_direction(&r);
        if (!walk(&r, function, context, x, &value))
            break;
        keep_pair(&r, x);
        memcpy(x, r.next, n * sizeof *x);
        memcpy(r.gradient, r.next_gradient, n * sizeof *x);
    }
out:
    free(r.memory);
    return st;
}
