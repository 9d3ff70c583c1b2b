/* power_law.c: see power_law.h. Rows are divided by the largest number of them, so that powers stay near 1. */
#include "power_law.h"
#include <float.h>
#include <math.h>

enum { GRID = 400, SECTIONS = 120 };
static const double least_b = 0.01, most_b = 5;

typedef struct curve {
    const double *rows, *error, *weight;
    int64_t count;
    double largest;
} curve;

/* The best a (for rows / largest) and c for one b, and the weighted sum of squares that is left. */
typedef struct candidate {
    double a, b, c, squares;
} candidate;

static double power_at(const curve *f, int64_t i, double b) {
    return exp(-b * log(f->rows[i] / f->largest));
}

static double weight_at(const curve *f, int64_t i) {
    return f->weight ? f->weight[i] : 1;
}

static double clamp(double x, double least, double most) {
    return x < least ? least : x > most ? most : x;
}

static void keep_better(const curve *f, candidate tried, candidate *best) {
    tried.squares = 0;
    for (int64_t i = 0; i < f->count; i++) {
        double left = f->error[i] - tried.a * power_at(f, i, tried.b) - tried.c;
        tried.squares += weight_at(f, i) * left * left;
    }
    if (tried.squares < best->squares)
        *best = tried;
}

/* The squares are convex in a and c: the minimum within the bounds is the free one, or lies on an edge. */
static candidate solve(const curve *f, double b) {
    double w = 0, x = 0, y = 0, xx = 0, xy = 0;
    candidate best = {.b = b, .squares = DBL_MAX};
    for (int64_t i = 0; i < f->count; i++) {
        double p = power_at(f, i, b), u = weight_at(f, i);
        w += u;
        x += u * p;
        y += u * f->error[i];
    }
    double mean_x = x / w, mean_y = y / w, spread = 0, common = 0;
    for (int64_t i = 0; i < f->count; i++) {
        double p = power_at(f, i, b), u = weight_at(f, i);
        spread += u * (p - mean_x) * (p - mean_x);
        common += u * (p - mean_x) * (f->error[i] - mean_y);
        xx += u * p * p;
        xy += u * p * f->error[i];
    }
    double a = common / spread, c = mean_y - a * mean_x;
    if (a >= 0 && c >= 0 && c <= 1) {
        keep_better(f, (candidate){a, b, c, 0}, &best);
        return best;
    }
    keep_better(f, (candidate){0, b, clamp(mean_y, 0, 1), 0}, &best);
    keep_better(f, (candidate){clamp(xy / xx, 0, DBL_MAX), b, 0, 0}, &best);
    keep_better(f, (candidate){clamp((xy - x) / xx, 0, DBL_MAX), b, 1, 0}, &best);
    return best;
}

static double grid_b(int i) {
    return i <= 0 ? least_b : i >= GRID ? most_b : least_b * exp(log(most_b / least_b) * i / GRID);
}

static candidate search(const curve *f) {
    const double golden = 0.6180339887498949;
    int at = 0;
    candidate best = solve(f, grid_b(0));
    for (int i = 1; i <= GRID; i++) {
        candidate tried = solve(f, grid_b(i));
        if (tried.squares < best.squares) {
            best = tried;
            at = i;
        }
    }
    double low = grid_b(at - 1), high = grid_b(at + 1);
    candidate left = solve(f, high - golden * (high - low)), right = solve(f, low + golden * (high - low));
    for (int i = 0; i < SECTIONS && high - low > 0; i++) {
        if (left.squares <= right.squares) {
            high = right.b;
            right = left;
            left = solve(f, high - golden * (high - low));
        } else {
            low = left.b;
            left = right;
            right = solve(f, low + golden * (high - low));
        }
    }
    candidate found = left.squares <= right.squares ? left : right;
    return found.squares <= best.squares ? found : best;
}

static cam_status check(const curve *f) {
    double seen[2] = {0, 0};
    int different = 0;
    for (int64_t i = 0; i < f->count; i++) {
        if (!(f->rows[i] > 0 && isfinite(f->rows[i]) && isfinite(f->error[i]) && weight_at(f, i) > 0 &&
              isfinite(weight_at(f, i))))
            return cam_fail(CAM_E_USAGE, "point %lld of a learning curve is out of range", (long long)i + 1);
        if (different == 0 || (f->rows[i] != seen[0] && (different == 1 || f->rows[i] != seen[1]))) {
            if (different < 2)
                seen[different] = f->rows[i];
            different++;
        }
    }
    return different >= 3 ? CAM_OK : cam_fail(CAM_E_USAGE, "a learning curve needs three different numbers of rows");
}

cam_status cam_power_law_fit(const double *rows, const double *error, const double *weight, int64_t count,
                             cam_power_law *law) {
    cam_status st = CAM_OK;
    curve f = {rows, error, weight, count, 0};
    *law = (cam_power_law){0};
    CAM_TRY(check(&f));
    for (int64_t i = 0; i < count; i++)
        f.largest = rows[i] > f.largest ? rows[i] : f.largest;
    candidate found = search(&f);
    *law = (cam_power_law){.a = found.a * pow(f.largest, found.b), .b = found.b, .c = found.c};
    for (int64_t i = 0; i < count; i++) {
        double left = error[i] - cam_power_law_at(law, rows[i]);
        law->rmse += left * left / (double)count;
    }
    law->rmse = sqrt(law->rmse);
out:
    return st;
}

double cam_power_law_at(const cam_power_law *law, double rows) {
    return law->a * pow(rows, -law->b) + law->c;
}
