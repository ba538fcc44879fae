/* The inner loops of the search for the minimum covariance determinant.
 *
 * The same steps as csteps.py, exchange.py and large.py take with numpy. Rows are copied, a few hundred at a time, into a buffer that
 * stays in the first-level cache, moved and scaled on the way and padded to whole vectors; the two things that cost anything, sums of
 * products and whitening, are done there in tiles that stay in registers. Built when a compiler is at hand, never needed: kernel.py.
 *
 * A table x is n rows of p values; every value is used as (x - shift) * rate. A subset is n bytes, 1 for a member. No function keeps
 * anything between calls.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__gnu_linux__)
#define FAST __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FAST
#endif
#define INLINE static inline __attribute__((always_inline))

enum {
    LANES = 8, /* doubles in a vector */
    BAND = 64, /* rows looked at on each side of the edge when a single exchange is tried */
    CACHE = 3072 /* doubles in the buffer of rows */
};
typedef double Lane __attribute__((vector_size(8 * sizeof(double)), aligned(64)));

typedef struct {
    const double *x, *shift, *rate;
    int64_t n, h;
    int p, width, block; /* width: p rounded up to whole vectors; block: rows in the buffer */
    double *buffer;      /* block x width */
    double *part_cross;  /* width x width: sums of products of the rows last looked at, */
    double *part_sum;    /* width: and their sums */
    double *turned;      /* p x width: L^-1, transposed and padded */
    double *mean;        /* p: of the subset */
    double *inverse;     /* p x p: L^-1, of the lower Cholesky factor of its covariance */
    double *origin;      /* p: about which its sums are kept, */
    double *sum;         /* p, */
    double *cross;       /* p x p (lower triangle), */
    int64_t count;       /* and the number of its rows */
    double *kept;        /* p x p: scratch */
    double *d2;          /* n: squared distances from the subset */
    double *key;         /* max(2 n, BAND): scratch of the selections */
    int64_t *rows;       /* n: the rows that enter, from the front, and those that leave, from the back */
    int64_t entering, leaving;
} Work;

static int width_of(int p) { return (p + LANES - 1) / LANES * LANES; }

static int block_of(int p) {
    const int rows = CACHE / width_of(p) / LANES * LANES;
    return rows < 2 * LANES ? 2 * LANES : rows > 256 ? 256 : rows;
}

static void *aligned(size_t doubles) { return aligned_alloc(64, (doubles * sizeof(double) + 63) / 64 * 64); }

static void work_close(Work *w) {
    free(w->buffer);
    free(w->rows);
}

/* Scratch for a table; `all` for functions that look at every row's distance. */
static int work_open(Work *w, const double *x, int64_t n, int p, const double *shift, const double *rate, int64_t h, int all) {
    const size_t P = (size_t)p, V = (size_t)width_of(p), B = (size_t)block_of(p), N = all ? (size_t)n : 0;
    memset(w, 0, sizeof *w);
    w->x = x, w->shift = shift, w->rate = rate, w->n = n, w->h = h, w->p = p, w->width = (int)V, w->block = (int)B;
    w->buffer = aligned(B * V + V * V + V + P * V + 3 * P + 3 * P * P + N + (2 * N > BAND ? 2 * N : BAND));
    w->rows = all ? malloc(sizeof(int64_t) * (size_t)n) : malloc(1);
    if (!w->buffer || !w->rows) return 0;
    memset(w->buffer, 0, sizeof(double) * (B * V + V * V + V + P * V));
    w->part_cross = w->buffer + B * V;
    w->part_sum = w->part_cross + V * V;
    w->turned = w->part_sum + V;
    w->mean = w->turned + P * V;
    w->origin = w->mean + P;
    w->sum = w->origin + P;
    w->inverse = w->sum + P;
    w->cross = w->inverse + P * P;
    w->kept = w->cross + P * P;
    w->d2 = w->kept + P * P;
    w->key = w->d2 + N;
    return 1;
}

/* `count` rows, from position `start` of the list (or of the table, without one), minus `origin`, into the buffer; the rest of its last
 * eight rows is set to zero. */
INLINE void load(const Work *w, const int64_t *list, int64_t start, int count, const double *origin) {
    const int p = w->p, width = w->width;
    for (int r = 0; r < count; r++) {
        const double *from = w->x + (list ? list[start + r] : start + r) * p;
        double *to = w->buffer + (size_t)r * width;
        for (int k = 0; k < p; k++) to[k] = (from[k] - w->shift[k]) * w->rate[k] - origin[k];
    }
    for (int r = count; r % LANES; r++) memset(w->buffer + (size_t)r * width, 0, sizeof(double) * width);
}

/* cross[a][b] += sum over rows of y_a y_b for A values of a from a0, T vectors of b from vector v. */
INLINE void products(const double *buffer, int rows, int width, double *cross, int a0, const int A, int v, const int T) {
    Lane acc[8][2];
    for (int i = 0; i < A; i++)
        for (int t = 0; t < T; t++) acc[i][t] = *(Lane *)(cross + (size_t)(a0 + i) * width + (v + t) * LANES);
    for (int r = 0; r < rows; r++) {
        const double *y = buffer + (size_t)r * width;
        for (int t = 0; t < T; t++) {
            const Lane b = *(const Lane *)(y + (v + t) * LANES);
            for (int i = 0; i < A; i++) acc[i][t] += y[a0 + i] * b;
        }
    }
    for (int i = 0; i < A; i++)
        for (int t = 0; t < T; t++) *(Lane *)(cross + (size_t)(a0 + i) * width + (v + t) * LANES) = acc[i][t];
}

INLINE void products_of(const double *buffer, int rows, int width, double *cross, int a0, const int A) {
    const int vectors = a0 / LANES + 1;
    int v = 0;
    for (; v + 2 <= vectors; v += 2) products(buffer, rows, width, cross, a0, A, v, 2);
    if (v < vectors) products(buffer, rows, width, cross, a0, A, v, 1);
}

/* Sums and sums of products (lower triangle) of the listed rows minus `origin`, in a fixed order, into part_sum and part_cross. */
FAST static void accumulate(Work *w, const int64_t *list, int64_t count, const double *origin) {
    const int p = w->p, width = w->width;
    memset(w->part_cross, 0, sizeof(double) * (size_t)width * width);
    memset(w->part_sum, 0, sizeof(double) * width);
    for (int64_t start = 0; start < count; start += w->block) {
        const int rows = count - start < w->block ? (int)(count - start) : w->block;
        load(w, list, start, rows, origin);
        for (int v = 0; v < width; v += LANES) {
            Lane s = *(Lane *)(w->part_sum + v);
            for (int r = 0; r < rows; r++) s += *(const Lane *)(w->buffer + (size_t)r * width + v);
            *(Lane *)(w->part_sum + v) = s;
        }
        int a = 0;
        for (; a + 8 <= p; a += 8) products_of(w->buffer, rows, width, w->part_cross, a, 8);
        if (a + 4 <= p) products_of(w->buffer, rows, width, w->part_cross, a, 4), a += 4;
        if (a + 2 <= p) products_of(w->buffer, rows, width, w->part_cross, a, 2), a += 2;
        if (a < p) products_of(w->buffer, rows, width, w->part_cross, a, 1);
    }
}

/* Takes some rows into the subset's sums (sign 1), or out of them (-1). */
static void include(Work *w, const int64_t *list, int64_t count, double sign) {
    const int p = w->p;
    accumulate(w, list, count, w->origin);
    for (int a = 0; a < p; a++) {
        w->sum[a] += sign * w->part_sum[a];
        for (int b = 0; b <= a; b++) w->cross[a * p + b] += sign * w->part_cross[(size_t)a * w->width + b];
    }
    w->count += sign > 0 ? count : -count;
}

/* The sums of a subset, about its mean. */
FAST static void begin(Work *w, const uint8_t *member) {
    const int p = w->p;
    int64_t count = 0;
    for (int64_t i = 0; i < w->n; i++) {
        w->rows[count] = i;
        count += member[i] != 0;
    }
    for (int k = 0; k < p; k++) w->origin[k] = 0.0;
    for (int64_t i = 0; i < count; i++) {
        const double *from = w->x + w->rows[i] * p;
        for (int k = 0; k < p; k++) w->origin[k] += (from[k] - w->shift[k]) * w->rate[k];
    }
    for (int k = 0; k < p; k++) w->origin[k] /= (double)count;
    memset(w->sum, 0, sizeof(double) * p);
    memset(w->cross, 0, sizeof(double) * p * p);
    w->count = 0;
    include(w, w->rows, count, 1.0);
}

/* The sums follow the rows that `nearest` or an exchange listed; when these are many, they are taken anew. */
static void follow(Work *w, const uint8_t *member) {
    if (w->entering + w->leaving > w->count / 4) {
        begin(w, member);
    } else {
        include(w, w->rows, w->entering, 1.0);
        include(w, w->rows + w->n - w->leaving, w->leaving, -1.0);
    }
}

/* Cholesky factor in place; 0 when a pivot is not positive beyond rounding. */
FAST static int cholesky(double *s, int p) {
    for (int a = 0; a < p; a++) {
        for (int b = 0; b <= a; b++) {
            double sum = 0.0;
#pragma omp simd reduction(+ : sum)
            for (int k = 0; k < b; k++) sum += s[a * p + k] * s[b * p + k];
            if (a == b) {
                const double pivot = s[a * p + a] - sum;
                if (!(pivot > 1e-13 * fabs(s[a * p + a]))) return 0;
                s[a * p + a] = sqrt(pivot);
            } else
                s[a * p + b] = (s[a * p + b] - sum) / s[b * p + b];
        }
    }
    return 1;
}

/* From the sums to the mean and the inverse of the covariance's factor; returns log det. A singular one is given a little ridge. */
FAST static double solve(Work *w) {
    const int p = w->p, width = w->width;
    const double share = 1.0 / (double)w->count;
    for (int a = 0; a < p; a++) {
        for (int b = 0; b <= a; b++) w->inverse[a * p + b] = (w->cross[a * p + b] - w->sum[a] * w->sum[b] * share) * share;
        w->mean[a] = w->origin[a] + w->sum[a] * share;
    }
    const size_t size = sizeof(double) * (size_t)p * (size_t)p;
    double *s = w->inverse, *kept = w->kept, top = 0.0, logdet = 0.0;
    memcpy(kept, s, size);
    for (int a = 0; a < p; a++) top = fmax(top, s[a * p + a]);
    for (double ridge = 1e-12 * fmax(top, 1e-20); !cholesky(s, p); ridge *= 100.0) {
        memcpy(s, kept, size);
        for (int a = 0; a < p; a++) s[a * p + a] += ridge;
    }
    for (int a = 0; a < p; a++) logdet += 2.0 * log(s[a * p + a]);
    for (int a = 0; a < p; a++) { /* forward substitution, a row of the inverse at a time: row_a = (e_a - sum_k L_ak row_k) / L_aa */
        const double pivot = 1.0 / s[a * p + a];
        for (int b = 0; b < a; b++) kept[b] = 0.0;
        for (int k = 0; k < a; k++) {
            const double l = s[a * p + k], *row = s + (size_t)k * p;
#pragma omp simd
            for (int b = 0; b <= k; b++) kept[b] -= l * row[b];
        }
        for (int b = 0; b < a; b++) s[a * p + b] = kept[b] * pivot;
        s[a * p + a] = pivot;
    }
    memset(w->turned, 0, sizeof(double) * (size_t)p * width);
    for (int a = 0; a < p; a++)
        for (int b = 0; b <= a; b++) w->turned[(size_t)b * width + a] = s[a * p + b];
    return logdet;
}

/* Adds to square[i], for eight rows y of the buffer, the squares of the T vectors from v of L^-1 y. */
INLINE void squares(const double *y, int p, int width, const double *turned, Lane *square, int v, const int T) {
    const int last = (v + T) * LANES < p ? (v + T) * LANES : p;
    Lane acc[8][2] = {{{0}}};
    for (int k = 0; k < last; k++)
        for (int t = 0; t < T; t++) {
            const Lane l = *(const Lane *)(turned + (size_t)k * width + (v + t) * LANES);
            for (int i = 0; i < 8; i++) acc[i][t] += y[(size_t)i * width + k] * l;
        }
    for (int i = 0; i < 8; i++)
        for (int t = 0; t < T; t++) square[i] += acc[i][t] * acc[i][t];
}

/* Squared distances of the listed rows (of all, without a list) from `mean` by `turned`. */
FAST static void distances(Work *w, const int64_t *list, int64_t count, double *out) {
    const int p = w->p, width = w->width, vectors = width / LANES;
    for (int64_t start = 0; start < count; start += w->block) {
        const int rows = count - start < w->block ? (int)(count - start) : w->block;
        load(w, list, start, rows, w->mean);
        for (int r = 0; r < rows; r += 8) {
            const double *y = w->buffer + (size_t)r * width;
            Lane square[8] = {{0}};
            int v = 0;
            for (; v + 2 <= vectors; v += 2) squares(y, p, width, w->turned, square, v, 2);
            if (v < vectors) squares(y, p, width, w->turned, square, v, 1);
            for (int i = 0; i < 8 && r + i < rows; i++) {
                const Lane s = square[i];
                out[start + r + i] = ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
            }
        }
    }
}

/* The value of rank k (from 0) of v, which is shuffled: quickselect. */
static double picked(double *v, int64_t n, int64_t k) {
    int64_t low = 0, high = n - 1;
    while (low < high) {
        const double a = v[low], b = v[(low + high) / 2], c = v[high];
        const double pivot = a < b ? (b < c ? b : (a < c ? c : a)) : (a < c ? a : (b < c ? c : b));
        int64_t i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot) i++;
            while (v[j] > pivot) j--;
            if (i <= j) {
                const double t = v[i];
                v[i++] = v[j], v[j--] = t;
            }
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            break;
    }
    return v[k];
}

/* The value of rank k (from 0) of n values, which are left as they are; scratch has room for 2 n. A sample of them tells between which
 * two values it almost surely lies: one pass without a branch then leaves a quarter of them to look at. */
FAST static double ranked(const double *v, int64_t n, int64_t k, double *scratch) {
    enum { SAMPLE = 63, SPREAD = 9 };
    if (n > 300) {
        double s[SAMPLE];
        const int64_t stride = n / SAMPLE;
        for (int i = 0; i < SAMPLE; i++) {
            const double one = v[i * stride + stride / 2];
            int at = i;
            for (; at > 0 && s[at - 1] > one; at--) s[at] = s[at - 1];
            s[at] = one;
        }
        const int at = (int)((double)k / (double)n * SAMPLE);
        const double low = at - SPREAD < 0 ? -INFINITY : s[at - SPREAD], high = at + SPREAD >= SAMPLE ? INFINITY : s[at + SPREAD];
        int64_t below = 0, between = 0;
        for (int64_t i = 0; i < n; i++) {
            scratch[between] = v[i];
            below += v[i] < low;
            between += (v[i] >= low) & (v[i] <= high);
        }
        if (below <= k && k < below + between && between < n)
            return ranked(scratch, between, k - below, scratch + between);
    }
    memcpy(scratch, v, sizeof(double) * (size_t)n);
    return picked(scratch, n, k);
}

/* The h nearest rows; among equals the earlier ones. Lists the rows that enter and leave; returns whether there are any. */
FAST static int nearest(Work *w, uint8_t *member) {
    const double edge = ranked(w->d2, w->n, w->h - 1, w->key);
    int64_t room = w->h, entering = 0, leaving = 0;
    for (int64_t i = 0; i < w->n; i++) room -= w->d2[i] < edge;
    for (int64_t i = 0; i < w->n; i++) {
        const uint8_t in = w->d2[i] < edge || (w->d2[i] == edge && room-- > 0);
        if (in == member[i]) continue;
        if (in)
            w->rows[entering++] = i;
        else
            w->rows[w->n - ++leaving] = i;
        member[i] = in;
    }
    w->entering = entering, w->leaving = leaving;
    return entering + leaving > 0;
}

/* C-steps until the members stop changing or the determinant stops falling, `steps` at most when positive; returns log det. Begins with
 * the subset's sums; without `steps` it ends with all that `exchange` needs: mean, factor and distances of the subset reached. */
static double converge(Work *w, uint8_t *member, int steps) {
    double best = INFINITY;
    for (int taken = 0;; taken++) {
        const double logdet = solve(w);
        const int fell = logdet < best - 1e-12 * (1.0 + fabs(logdet));
        if (fell) best = logdet;
        if (steps > 0 && taken == steps) return best;
        distances(w, NULL, w->n, w->d2);
        if (!fell || !nearest(w, member)) return best;
        follow(w, member);
    }
}

/* Positions of the (at most `most`) members or non-members nearest the edge: members by falling distance, others by rising distance. */
static int band(Work *w, const uint8_t *member, int inside, int most, int64_t *out) {
    double *key = w->key, sorted[BAND];
    int64_t count = 0, taken = 0;
    for (int64_t i = 0; i < w->n; i++) {
        key[count] = inside ? -w->d2[i] : w->d2[i];
        count += member[i] == inside;
    }
    if (count == 0) return 0;
    const double edge = count > most ? ranked(key, count, most - 1, key + count) : INFINITY;
    int64_t room = most;
    for (int64_t i = 0; i < count; i++) room -= key[i] < edge;
    for (int64_t i = 0; i < w->n && taken < most; i++) {
        if (member[i] != inside) continue;
        const double d = inside ? -w->d2[i] : w->d2[i];
        if (!(d < edge || (d == edge && room-- > 0))) continue;
        int64_t at = taken++;
        for (; at > 0 && sorted[at - 1] > d; at--) sorted[at] = sorted[at - 1], out[at] = out[at - 1];
        sorted[at] = d, out[at] = i;
    }
    return (int)taken;
}

/* The whitened rows of a band, as columns of y (p x BAND), so that inner products run over rows side by side. */
static void whiten(const Work *w, const int64_t *rows, int count, double *y) {
    const int p = w->p;
    double *one = w->kept;
    for (int r = 0; r < count; r++) {
        const double *x = w->x + rows[r] * p;
        for (int b = 0; b < p; b++) one[b] = (x[b] - w->shift[b]) * w->rate[b] - w->mean[b];
        for (int a = 0; a < p; a++) {
            double sum = 0.0;
            for (int b = 0; b <= a; b++) sum += w->inverse[a * p + b] * one[b];
            y[(size_t)a * BAND + r] = sum;
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
        const double value = converge(w, member, 0);
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

int spc_version(void) { return 6; }

/* k subsets (k x n) to their fixed points, or through `steps` C-steps; their log determinants go to logdet (k). 0 without memory. */
int spc_converge(const double *x, int64_t n, int p, const double *shift, const double *rate, int64_t h, int k, int steps, uint8_t *member,
                 double *logdet) {
    Work w;
    const int ready = work_open(&w, x, n, p, shift, rate, h, 1);
    for (int i = 0; ready && i < k; i++) {
        begin(&w, member + (size_t)i * n);
        logdet[i] = converge(&w, member + (size_t)i * n, steps);
    }
    work_close(&w);
    return ready;
}

/* k subsets of any size to the h rows nearest them. */
int spc_grow(const double *x, int64_t n, int p, const double *shift, const double *rate, int64_t h, int k, uint8_t *member) {
    Work w;
    const int ready = work_open(&w, x, n, p, shift, rate, h, 1);
    for (int i = 0; ready && i < k; i++) {
        begin(&w, member + (size_t)i * n);
        solve(&w);
        distances(&w, NULL, n, w.d2);
        nearest(&w, member + (size_t)i * n);
    }
    work_close(&w);
    return ready;
}

/* One subset after exchanges, each followed by C-steps, until none lowers its determinant. */
int spc_polish(const double *x, int64_t n, int p, const double *shift, const double *rate, int64_t h, uint8_t *member) {
    Work w;
    double *u = malloc(sizeof(double) * (size_t)(2 * BAND * p));
    uint8_t *before = malloc((size_t)n);
    const int ready = work_open(&w, x, n, p, shift, rate, h, 1) && u != NULL && before != NULL;
    if (ready) {
        begin(&w, member);
        polish(&w, member, converge(&w, member, 0), before, u);
    }
    free(u);
    free(before);
    work_close(&w);
    return ready;
}

/* A polished subset, `kicks` times moved and polished again, kept when that lowered its determinant. In kick t, size[t] members and as
 * many others, drawn from the width[t] on each side of the edge by draws (2 x size[t] of them), change places. A trial whose C-steps end
 * higher than the best by more than `margin` is not polished. */
int spc_kick(const double *x, int64_t n, int p, const double *shift, const double *rate, int64_t h, int kicks, const int32_t *size,
             const int32_t *width, const double *draws, double margin, uint8_t *member) {
    Work w;
    double *u = malloc(sizeof(double) * (size_t)(2 * BAND * p));
    double *sums = malloc(sizeof(double) * (size_t)p * (size_t)(p + 2)); /* of the best: origin, sum and cross */
    uint8_t *trial = malloc(2 * (size_t)n), *before = trial + n;
    int64_t in[BAND], out[BAND], leave[BAND], enter[BAND];
    const int ready = work_open(&w, x, n, p, shift, rate, h, 1) && u != NULL && trial != NULL && sums != NULL;
    double best = INFINITY;
    for (int t = 0, ni = 0, no = 0, found = 1; ready && t < kicks; t++) {
        if (found) { /* a new best: its sums, and the rows on both sides of its edge */
            begin(&w, member);
            best = solve(&w);
            distances(&w, NULL, n, w.d2);
            ni = band(&w, member, 1, BAND, in), no = band(&w, member, 0, BAND, out);
            memcpy(sums, w.origin, sizeof(double) * 2 * p);
            memcpy(sums + 2 * p, w.cross, sizeof(double) * p * p);
            found = 0;
        } else {
            memcpy(w.origin, sums, sizeof(double) * 2 * p);
            memcpy(w.cross, sums + 2 * p, sizeof(double) * p * p);
            w.count = h;
        }
        const int from = ni < width[t] ? ni : width[t], to = no < width[t] ? no : width[t];
        int k = size[t] < from ? size[t] : from;
        k = k < to ? k : to;
        memcpy(leave, in, sizeof in);
        memcpy(enter, out, sizeof out);
        shuffled(leave, from, k, draws);
        shuffled(enter, to, k, draws + size[t]);
        draws += 2 * size[t];
        memcpy(trial, member, (size_t)n);
        for (int i = 0; i < k; i++) trial[leave[i]] = 0, trial[enter[i]] = 1;
        include(&w, enter, k, 1.0);
        include(&w, leave, k, -1.0);
        const double first = converge(&w, trial, 0);
        if (!(first < best + margin)) continue;
        polish(&w, trial, first, before, u);
        begin(&w, trial);
        const double reached = solve(&w);
        if (reached < best - 1e-10) memcpy(member, trial, (size_t)n), found = 1;
    }
    free(u);
    free(sums);
    free(trial);
    work_close(&w);
    return ready;
}

/* Sum (p) and sums of products (p x p, lower triangle) of the listed rows (of the first `count`, without a list) minus `origin` (p). */
int spc_sums(const double *x, int64_t n, int p, const double *shift, const double *rate, const int64_t *list, int64_t count,
             const double *origin, double *sum, double *cross) {
    Work w;
    const int ready = work_open(&w, x, n, p, shift, rate, 0, 0);
    if (ready) {
        accumulate(&w, list, count, origin);
        memcpy(sum, w.part_sum, sizeof(double) * (size_t)p);
        for (int a = 0; a < p; a++) memcpy(cross + (size_t)a * p, w.part_cross + (size_t)a * w.width, sizeof(double) * (size_t)p);
    }
    work_close(&w);
    return ready;
}

/* Squared distances of the listed rows (of the first `count`, without a list) from `mean` (p) by L^-1 (p x p, lower). */
int spc_distances(const double *x, int64_t n, int p, const double *shift, const double *rate, const int64_t *list, int64_t count,
                  const double *mean, const double *inverse, double *d2) {
    Work w;
    const int ready = work_open(&w, x, n, p, shift, rate, 0, 0);
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

FAST static double median_of(const double *v, int64_t n, double *scratch) {
    const double m = ranked(v, n, n / 2, scratch);
    if (n % 2) return m;
    double lower = -INFINITY; /* the other middle value: the largest below, unless m itself reaches down to that rank */
    int64_t below = 0;
    for (int64_t i = 0; i < n; i++) {
        const int less = v[i] < m;
        below += less;
        lower = less && v[i] > lower ? v[i] : lower;
    }
    return below < n / 2 ? m : 0.5 * (m + lower);
}

/* Median and median absolute deviation from it of each of k series of n values (k x n), which are replaced by their deviations. */
int spc_medians(double *series, int64_t n, int k, double *median, double *deviation) {
    double *scratch = malloc(sizeof(double) * 2 * (size_t)n);
    for (int i = 0; scratch && i < k; i++) {
        double *v = series + (size_t)i * n;
        const double m = median[i] = median_of(v, n, scratch);
        for (int64_t r = 0; r < n; r++) v[r] = fabs(v[r] - m);
        deviation[i] = median_of(v, n, scratch);
    }
    free(scratch);
    return scratch != NULL;
}
