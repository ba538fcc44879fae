/* The inner loops of the search for the minimum covariance determinant.
 *
 * The same steps as csteps.py, exchange.py and large.py take with numpy. Rows are copied, a few hundred at a time, into a buffer that
 * stays in the first-level cache, moved and scaled on the way and padded to whole vectors; the two things that cost anything, sums of
 * products and whitening, are done there in tiles that stay in registers. Built when a compiler is at hand, never needed: kernel.py.
 *
 * A small table whose values are used as they are comes as `columns`, too (p of them, padded with zeros to whole strips, with one more
 * cache line from column to column): sums and distances of all its rows then run down the columns, eight rows at a time, without a copy,
 * and cost a few nanoseconds a row.
 *
 * A table x is n rows of p values; every value is used as (x - shift) * rate. A subset is n bytes, 1 for a member. No function keeps
 * anything between calls.
 */
#include "kernel_select.h"
#include "kernel_sums.h"

/* The squared distance of rank k, looked for from where the last one was found. */
static double edge_of(Work *w, int64_t k) {
    const double guess = w->edge > 0.0 && w->edge < INFINITY ? w->edge : (double)w->p;
    return w->edge = narrowed(w->d2, w->n, w->stride, k, 0.0, INFINITY, guess, w->key);
}

/* A row comes into the subset, or leaves it, and is listed. */
INLINE void turn(Work *w, uint8_t *member, int64_t i) {
    if (member[i])
        w->rows[w->n - ++w->leaving] = i;
    else
        w->rows[w->entering++] = i;
    member[i] = !member[i];
}

/* The h nearest rows; among equals the earlier ones. Lists the rows that enter and leave; returns whether there are any. */
FAST static int nearest(Work *w, uint8_t *member) {
    const double edge = w->columns ? edge_of(w, w->h - 1) : ranked(w->d2, w->n, w->h - 1, w->key);
    const int64_t n = w->n;
    int64_t under = 0, equal = 0, i = 0;
    for (int64_t k = 0; k < n; k++) under += w->d2[k] < edge, equal += w->d2[k] == edge;
    int64_t room = w->h - under;
    w->entering = w->leaving = 0;
    if (equal == room) /* all that are equal belong to it: eight rows are compared at once, and few of them have changed */
        for (; i + LANES <= n; i += LANES) {
            Bytes now;
            uint64_t changed;
            memcpy(&now, member + i, sizeof now);
            const Mask in = *(const Lane *)(w->d2 + i) <= edge;
            now ^= __builtin_convertvector(in & 1, Bytes);
            memcpy(&changed, &now, sizeof changed);
            for (; changed; changed &= changed - 1) turn(w, member, i + (__builtin_ctzll(changed) >> 3));
        }
    for (; i < n; i++) {
        const uint8_t in = w->d2[i] < edge || (w->d2[i] == edge && (equal == room || room-- > 0));
        if (in != member[i]) turn(w, member, i);
    }
    return w->entering + w->leaving > 0;
}

/* C-steps until the members stop changing or the determinant stops falling, `steps` at most when positive, or until it is the one of
 * `home`; returns log det. Begins with the subset's sums; without these two it ends with all that `exchange` needs: mean, factor and
 * distances of the subset reached. */
static double converge(Work *w, uint8_t *member, int steps, double home) {
    double best = INFINITY;
    for (int taken = 0;; taken++) {
        const double logdet = solve(w);
        const int fell = logdet < best - 1e-12 * (1.0 + fabs(logdet));
        if (fell) best = logdet;
        if ((steps > 0 && taken == steps) || fabs(logdet - home) < 1e-11 * (1.0 + fabs(home))) return best;
        distances_all(w);
        if (!fell || !nearest(w, member)) return best;
        follow(w, member);
    }
}

/* Positions of the (at most `most`) members or non-members nearest the edge, in the order of the rows. */
FAST static int band(Work *w, const uint8_t *member, int inside, int most, int64_t *out) {
    double *key = w->key, *scratch = key + w->n;
    const double sign = inside ? -1.0 : 1.0;
    int64_t count = 0, under = 0;
    int taken = 0;
    for (int64_t i = 0; i < w->n; i++) {
        key[count] = sign * w->d2[i];
        w->rows[count] = i;
        count += member[i] == inside;
    }
    if (count <= most) {
        memcpy(out, w->rows, sizeof(int64_t) * (size_t)count);
        return (int)count;
    }
    memcpy(scratch, key, sizeof(double) * (size_t)count);
    const double edge = picked(scratch, count, most - 1);
    for (int64_t i = 0; i < count; i++) under += key[i] < edge;
    int64_t room = most - under;
    for (int64_t i = 0; i < count; i++) {
        if (key[i] > edge || (key[i] == edge && room-- <= 0)) continue;
        out[taken++] = w->rows[i];
    }
    return taken;
}

/* The positions of a band in order: members by falling distance, others by rising distance. */
static void in_order(const Work *w, int inside, int64_t *out, int count) {
    double sorted[BAND];
    for (int r = 0; r < count; r++) {
        const int64_t row = out[r];
        const double d = inside ? -w->d2[row] : w->d2[row];
        int at = r;
        for (; at > 0 && sorted[at - 1] > d; at--) sorted[at] = sorted[at - 1], out[at] = out[at - 1];
        sorted[at] = d, out[at] = row;
    }
}

/* The whitened rows of a band, as columns of y (p x BAND), so that inner products run over rows side by side. */
FAST static void whiten(const Work *w, const int64_t *rows, int count, double *y) {
    const int p = w->p;
    for (int r = 0; r < count; r++) {
        const double *x = w->x + rows[r] * p;
        for (int b = 0; b < p; b++) y[(size_t)b * BAND + r] = (x[b] - w->shift[b]) * w->rate[b] - w->mean[b];
    }
    for (int a = p - 1; a >= 0; a--) { /* from the last: L^-1 is lower triangular, so no value is needed again once it is replaced */
        const double *row = w->inverse + (size_t)a * p;
        double *to = y + (size_t)a * BAND;
        for (int r = 0; r < count; r++) to[r] *= row[a];
        for (int b = 0; b < a; b++) {
            const double one = row[b], *from = y + (size_t)b * BAND;
#pragma omp simd
            for (int r = 0; r < count; r++) to[r] += one * from[r];
        }
    }
}

/* The best exchange of a member for another row, by the rank-two determinant formula of exchange.py; 0 when none lowers it. Begins with
 * the subset's mean, factor and distances, and ends with its sums. */
FAST static int exchange(Work *w, uint8_t *member, double *u, double *v) {
    const int p = w->p;
    const double h = (double)w->h, less = h - 1.0;
    int64_t in[BAND], out[BAND];
    double c[BAND], b[BAND];
    if (w->n == w->h) return 0;
    const int ni = band(w, member, 1, BAND, in), no = band(w, member, 0, BAND, out);
    whiten(w, in, ni, u);
    whiten(w, out, no, v);
    for (int j = 0; j < no; j++) b[j] = w->d2[out[j]] / h;
    double best = 1.0 - 1e-10;
    int64_t from = -1, to = -1;
    for (int i = 0; i < ni; i++) {
        const double a = w->d2[in[i]] / h, r = 1.0 - h / less * a;
        if (!(r > 1e-12)) continue;
        for (int j = 0; j < no; j++) c[j] = 0.0;
        for (int k = 0; k < p; k++) {
            const double one = u[(size_t)k * BAND + i] / h, *other = v + (size_t)k * BAND;
#pragma omp simd
            for (int j = 0; j < no; j++) c[j] += one * other[j];
        }
        const double al = a / less, own = al / less, slope = 2.0 / less, bend = h / less / r, scale = less / h;
        double lowest = INFINITY;
#pragma omp simd reduction(min : lowest)
        for (int j = 0; j < no; j++) {
            const double t = c[j] + al;
            c[j] = r * (1.0 + scale * (b[j] + slope * c[j] + own + bend * t * t));
            lowest = c[j] < lowest ? c[j] : lowest;
        }
        if (!(lowest < best)) continue;
        for (int j = 0; j < no; j++)
            if (c[j] < best) best = c[j], from = in[i], to = out[j];
    }
    if (from < 0) return 0;
    member[from] = 0, member[to] = 1;
    include(w, &to, 1, 1.0);
    include(w, &from, 1, -1.0);
    return 1;
}

/* Exchanges, each followed by C-steps, until none lowers the determinant. On a nearly singular table the formula can promise what rounding
 * does not keep: an exchange that did not lower it is taken back, and is the last one. Begins where C-steps have `reached`; `before` is scratch for n bytes. */
static void polish(Work *w, uint8_t *member, double reached, uint8_t *before, double *u) {
    for (;;) {
        memcpy(before, member, (size_t)w->n);
        if (!exchange(w, member, u, u + (size_t)BAND * w->p)) return;
        const double value = converge(w, member, 0, INFINITY);
        if (!(value < reached - 1e-11 * (1.0 + fabs(reached)))) {
            memcpy(member, before, (size_t)w->n);
            return;
        }
        reached = value;
    }
}

/* The first `count` of `most` things in an order that `draws` (each 0 ... 1) decide: the beginning of a shuffle. */
static void shuffled(int64_t *things, int most, int count, const double *draws) {
    for (int i = 0; i < count; i++) {
        const int j = i + (int)(draws[i] * (most - i));
        const int64_t t = things[i];
        things[i] = things[j], things[j] = t;
    }
}

int spc_version(void) { return 9; }

/* k subsets (k x n) to their fixed points, or through `steps` C-steps; their log determinants go to logdet (k). 0 without memory. */
int spc_converge(const Table *t, int64_t h, int k, int steps, uint8_t *member,
                 double *logdet) {
    Work w;
    const int64_t n = t->n;
    const int ready = work_open(&w, t, h, 1);
    for (int i = 0; ready && i < k; i++) {
        begin(&w, member + (size_t)i * n);
        logdet[i] = converge(&w, member + (size_t)i * n, steps, INFINITY);
    }
    work_close(&w);
    return ready;
}

/* k subsets of any size to the h rows nearest them. */
int spc_grow(const Table *t, int64_t h, int k, uint8_t *member) {
    Work w;
    const int64_t n = t->n;
    const int ready = work_open(&w, t, h, 1);
    for (int i = 0; ready && i < k; i++) {
        begin(&w, member + (size_t)i * n);
        solve(&w);
        distances_all(&w);
        nearest(&w, member + (size_t)i * n);
    }
    work_close(&w);
    return ready;
}

/* One subset after exchanges, each followed by C-steps, until none lowers its determinant; and its log determinant. */
int spc_polish(const Table *t, int64_t h, uint8_t *member, double *logdet) {
    Work w;
    const int64_t n = t->n;
    const int p = t->p;
    double *u = malloc(sizeof(double) * (size_t)(2 * BAND * p));
    uint8_t *before = malloc((size_t)n);
    const int ready = work_open(&w, t, h, 1) && u != NULL && before != NULL;
    if (ready) {
        begin(&w, member);
        polish(&w, member, converge(&w, member, 0, INFINITY), before, u);
        begin(&w, member);
        *logdet = solve(&w);
    }
    free(u);
    free(before);
    work_close(&w);
    return ready;
}

/* A polished subset, `kicks` times moved and polished again, kept when that lowered its determinant. In kick t, size[t] members and as
 * many others, drawn from the width[t] on each side of the edge by draws (2 x size[t] of them), change places. A trial whose C-steps end
 * higher than the best by more than `margin` is not polished. */
int spc_kick(const Table *t, int64_t h, int kicks, const int32_t *size,
             const int32_t *width, const double *draws, double margin, uint8_t *member,
             double *logdet) {
    Work w;
    const int64_t n = t->n;
    const int p = t->p;
    double *u = malloc(sizeof(double) * (size_t)(2 * BAND * p));
    double *sums = malloc(sizeof(double) * (size_t)p * (size_t)(p + 2)); /* of the best: origin, sum and cross */
    uint8_t *trial = malloc(2 * (size_t)n), *before = trial + n;
    int64_t in[BAND], out[BAND], leave[BAND], enter[BAND];
    const int ready = work_open(&w, t, h, 1) && u != NULL && trial != NULL && sums != NULL;
    double best = INFINITY;
    for (int i = 0, ni = 0, no = 0, found = 1; ready && i < kicks; i++) {
        if (found) { /* a new best: its sums, and the rows on both sides of its edge */
            begin(&w, member);
            best = solve(&w);
            distances_all(&w);
            ni = band(&w, member, 1, BAND, in), no = band(&w, member, 0, BAND, out);
            in_order(&w, 1, in, ni), in_order(&w, 0, out, no);
            memcpy(sums, w.origin, sizeof(double) * 2 * p);
            memcpy(sums + 2 * p, w.cross, sizeof(double) * p * p);
            found = 0;
        } else {
            memcpy(w.origin, sums, sizeof(double) * 2 * p);
            memcpy(w.cross, sums + 2 * p, sizeof(double) * p * p);
            w.count = h;
        }
        const int from = ni < width[i] ? ni : width[i], to = no < width[i] ? no : width[i];
        int k = size[i] < from ? size[i] : from;
        k = k < to ? k : to;
        memcpy(leave, in, sizeof in);
        memcpy(enter, out, sizeof out);
        shuffled(leave, from, k, draws);
        shuffled(enter, to, k, draws + size[i]);
        draws += 2 * size[i];
        memcpy(trial, member, (size_t)n);
        for (int r = 0; r < k; r++) trial[leave[r]] = 0, trial[enter[r]] = 1;
        include(&w, enter, k, 1.0);
        include(&w, leave, k, -1.0);
        const double first = converge(&w, trial, 0, best);
        if (!(first < best + margin) || fabs(first - best) < 1e-11 * (1.0 + fabs(best))) continue;
        polish(&w, trial, first, before, u);
        begin(&w, trial);
        const double reached = solve(&w);
        if (reached < best - 1e-10) memcpy(member, trial, (size_t)n), found = 1, best = reached;
    }
    *logdet = best;
    free(u);
    free(sums);
    free(trial);
    work_close(&w);
    return ready;
}

/* Sum (p) and sums of products (p x p) of the listed rows (of the first `count`, without a list) minus `origin` (p). */
int spc_sums(const Table *t, const int64_t *list, int64_t count,
             const double *origin, double *sum, double *cross) {
    Work w;
    const int p = t->p;
    const int ready = work_open(&w, t, 0, 0);
    if (ready) {
        accumulate(&w, list, count, origin);
        memcpy(sum, w.part_sum, sizeof(double) * (size_t)p);
        for (int a = 0; a < p; a++)
            for (int b = 0; b <= a; b++) cross[(size_t)a * p + b] = cross[(size_t)b * p + a] = w.part_cross[(size_t)a * w.width + b];
    }
    work_close(&w);
    return ready;
}

/* Squared distances of the listed rows (of the first `count`, without a list) from `mean` (p) by L^-1 (p x p, lower). */
int spc_distances(const Table *t, const int64_t *list, int64_t count,
                  const double *mean, const double *inverse, double *d2) {
    Work w;
    const int p = t->p;
    const int ready = work_open(&w, t, 0, 0);
    if (ready) {
        memcpy(w.mean, mean, sizeof(double) * (size_t)p);
        for (int a = 0; a < p; a++)
            for (int b = 0; b <= a; b++) w.turned[(size_t)b * w.width + a] = inverse[(size_t)a * p + b];
        distances(&w, list, count, d2);
    }
    work_close(&w);
    return ready;
}

/* The value of rank k (from 0) of n values; scratch has room for 2 n. */
double spc_ranked(const double *values, int64_t n, int64_t k, double *scratch) { return ranked(values, n, k, scratch); }

/* Median, and median absolute deviation from it, of each of k series of n values (k x n). */
int spc_medians(const double *series, int64_t n, int k, double *median, double *deviation) {
    const int64_t stride = padded(n);
    double *v = aligned(2 * (size_t)stride), *key = v + stride;
    for (int i = 0; v && i < k; i++) {
        memcpy(v, series + (size_t)i * n, sizeof(double) * (size_t)n);
        for (int64_t r = n; r < stride; r++) v[r] = INFINITY;
        const double m = median[i] = median_of(v, n, key);
        for (int64_t r = 0; r < n; r++) v[r] = fabs(v[r] - m);
        deviation[i] = median_of(v, n, key);
    }
    free(v);
    return v != NULL;
}

/* A product and a sum, each rounded by itself as numpy does, also where the machine could take both in one step. */
#if defined(__GNUC__) && !defined(__clang__)
#define ROUNDED __attribute__((optimize("fp-contract=off")))
#else
#define ROUNDED
#endif

/* y (n x p) with y = weight z + keep y_before along the rows of z (n x p), from y = before (p). */
ROUNDED void spc_smoothed(const double *restrict z, int64_t n, int p, double weight, double keep, const double *before, double *y) {
#ifdef __clang__
#pragma clang fp contract(off)
#endif
    for (int64_t i = 0; i < n; i++, z += p) {
        double *restrict now = y + i * p;
        for (int j = 0; j < p; j++) now[j] = weight * z[j] + keep * before[j];
        before = now;
    }
}

/* Columns (p of n values) as rows x (n x p): a cache line of each column at a time. */
void spc_side_by_side(const double *const *columns, int64_t n, int p, double *x) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES, x += (size_t)LANES * p)
        for (int j = 0; j < p; j++) {
            const double *column = columns[j] + i;
            for (int r = 0; r < LANES; r++) x[(size_t)r * p + j] = column[r];
        }
    for (; i < n; i++, x += p)
        for (int j = 0; j < p; j++) x[j] = columns[j][i];
}
