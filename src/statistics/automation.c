/* automation.c: see automation.h. */
#include "automation.h"
#include <math.h>
#include <stdlib.h>

/* --- the interval of a proportion ---------------------------------------------------------------------------------- */

/* ln Gamma(x), x > 0, without the global variable that lgamma writes: Stirling's series, from 15 on, where its first left
 * out term is below 1e-17. */
static double log_gamma(double x) {
    enum { FROM = 15, TERMS = 7 };
    static const double terms[TERMS] = {1. / 12, -1. / 360, 1. / 1260, -1. / 1680, 1. / 1188, -691. / 360360, 1. / 156};
    const double half_log_two_pi = 0.91893853320467274178;
    double shift = 1, sum = 0;
    while (x < FROM) {
        shift *= x;
        x += 1;
    }
    for (int i = TERMS - 1; i >= 0; i--)
        sum = terms[i] + sum / (x * x);
    sum /= x;
    return (x - 0.5) * log(x) - x + half_log_two_pi + sum - log(shift);
}

/* The continued fraction of the incomplete beta function by Lentz's method, for x below the mean.
 * Source: Abramowitz, Stegun 26.5.8; Lentz 1976. */
static double beta_fraction(double a, double b, double x) {
    enum { STEPS = 100000 };
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double value = d;
    for (int m = 1; m < STEPS; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double term[2] = {even, odd}, factor = 1;
        for (int i = 0; i < 2; i++) {
            d = 1 + term[i] * d;
            c = 1 + term[i] / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            factor = c * d;
            value *= factor;
        }
        if (fabs(factor - 1) < 1e-16)
            break;
    }
    return value;
}

/* The regularised incomplete beta function I_x(a, b): the chance that a Beta(a, b) variable is below x. */
static double beta_probability(double a, double b, double x) {
    if (x <= 0 || x >= 1)
        return x >= 1;
    double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* The x with I_x(a, b) = p, by bisection. */
static double beta_quantile(double a, double b, double p) {
    enum { HALVINGS = 100 };
    double low = 0, high = 1;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            break;
        if (beta_probability(a, b, middle) < p)
            low = middle;
        else
            high = middle;
    }
    return low + (high - low) / 2;
}

cam_interval cam_proportion_interval(int64_t right, int64_t rows, double confidence) {
    double tail = (1 - confidence) / 2, r = (double)right, n = (double)rows;
    if (rows == 0)
        return (cam_interval){0, 0, 1};
    return (cam_interval){r / n, right == 0 ? 0 : beta_quantile(r, n - r + 1, tail),
                          right == rows ? 1 : beta_quantile(r + 1, n - r, 1 - tail)};
}

/* Whether the lower end of the interval is at least `target`: the chance of so many right rows is then below the tail. */
static int reaches(int64_t right, int64_t rows, double confidence, double target) {
    double tail = (1 - confidence) / 2;
    return right > 0 && beta_probability((double)right, (double)(rows - right + 1), target) <= tail;
}

int64_t cam_proportion_rows(double target, double confidence) {
    int64_t rows = (int64_t)ceil(log((1 - confidence) / 2) / log(target));
    return rows > 1 ? rows : 1;
}

/* --- thresholds ---------------------------------------------------------------------------------------------------- */

typedef struct scored {
    double score;
    int right;
} scored;

static int by_falling_score(const void *a, const void *b) {
    const scored *x = a, *y = b;
    return (x->score < y->score) - (x->score > y->score);
}

/* The rows, highest score first. To be freed. */
static cam_status sort(const double *score, const unsigned char *right, int64_t rows, scored **out) {
    scored *list = malloc((size_t)(rows + 1) * sizeof *list);
    *out = list;
    if (!list)
        return cam_fail(CAM_E_MEMORY, "no memory for the scores of %lld rows", (long long)rows);
    for (int64_t i = 0; i < rows; i++)
        list[i] = (scored){isnan(score[i]) ? 0 : score[i], right[i]};
    qsort(list, (size_t)rows, sizeof *list, by_falling_score);
    return CAM_OK;
}

/* The double with the fewest decimals in (below, score]. */
static double part(double below, double score) {
    enum { MOST_DECIMALS = 15 };
    double scale = 1;
    for (int decimals = 1; decimals <= MOST_DECIMALS; decimals++) {
        scale *= 10;
        double count = rint(score * scale), rounded = count / scale <= score ? count / scale : (count - 1) / scale;
        if (rounded > below && rounded <= score)
            return rounded;
    }
    return score;
}

/* The next group of equal scores that ends before `begin` moves past all rows: its point, without the interval. */
static cam_automation_point next_point(const scored *list, int64_t rows, const cam_automation_point *before) {
    cam_automation_point point = {.rows = before->rows, .right = before->right};
    double score = list[point.rows].score;
    while (point.rows < rows && list[point.rows].score >= score)
        point.right += list[point.rows++].right;
    point.threshold = part(point.rows < rows ? list[point.rows].score : -1, score);
    point.share = (double)point.rows / (double)rows;
    return point;
}

static void find_points(const scored *list, int64_t rows, double confidence, cam_automation *out) {
    cam_automation_point point = {0};
    int64_t percent = -1;
    *out = (cam_automation){.rows = rows};
    while (point.rows < rows) {
        point = next_point(list, rows, &point);
        int64_t reached = 100 * point.rows / rows;
        if (reached == percent)
            continue;
        percent = reached;
        point.accuracy = cam_proportion_interval(point.right, point.rows, confidence);
        CAM_ASSERT(out->count < CAM_AUTOMATION_POINTS);
        out->points[out->count++] = point;
    }
}

cam_status cam_automation_curve(const double *score, const unsigned char *right, int64_t rows, double confidence,
                                cam_automation *out) {
    cam_status st = CAM_OK;
    scored *list = NULL;
    CAM_TRY(sort(score, right, rows, &list));
    find_points(list, rows, confidence, out);
out:
    free(list);
    return st;
}

cam_status cam_automation_find(const double *score, const unsigned char *right, int64_t rows, double confidence,
                               double target, cam_automation_point *out, int *found) {
    cam_status st = CAM_OK;
    scored *list = NULL;
    cam_automation curve;
    cam_automation_point point = {0};
    *out = point;
    *found = 0;
    CAM_TRY(sort(score, right, rows, &list));
    while (point.rows < rows) {
        point = next_point(list, rows, &point);
        if (!reaches(point.right, point.rows, confidence, target))
            continue;
        *out = point;
        *found = 1;
    }
    if (*found) {
        out->accuracy = cam_proportion_interval(out->right, out->rows, confidence);
        goto out;
    }
    find_points(list, rows, confidence, &curve);
    for (int i = 0; i < curve.count; i++)
        if (i == 0 || curve.points[i].accuracy.low > out->accuracy.low)
            *out = curve.points[i];
out:
    free(list);
    return st;
}

/* --- JSON ---------------------------------------------------------------------------------------------------------- */

void cam_automation_put(const cam_automation *automation, cam_json *json) {
    cam_json_array(json, "automation");
    for (int i = 0; i < automation->count; i++) {
        const cam_automation_point *point = &automation->points[i];
        cam_json_object(json, NULL);
        cam_json_number(json, "threshold", point->threshold);
        cam_json_number(json, "share", point->share);
        cam_json_number(json, "accuracy", point->accuracy.value);
        cam_json_number(json, "low", point->accuracy.low);
        cam_json_number(json, "high", point->accuracy.high);
        cam_json_close(json);
    }
    cam_json_close(json);
}
