/* A table and what is summed and measured over its rows: sums of products, a factor, squared distances. Part of kernel.c. */
#pragma once
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
    CACHE = 3072, /* doubles in the buffer of rows */
    COLUMNS = 32, /* columns of a small table at most */
    CHUNK = 256,  /* rows of them whose sums are taken together: they stay in the first-level cache */
    STRIP = 32,   /* rows that go down the columns together */
    FEW = 24      /* values left when the selection stops halving and sorts them out */
};
typedef double Lane __attribute__((vector_size(8 * sizeof(double)), aligned(64)));
typedef int64_t Mask __attribute__((vector_size(8 * sizeof(double)), aligned(64)));
typedef uint8_t Bytes __attribute__((vector_size(8)));

typedef struct {
    const double *x, *shift, *rate, *columns;
    int64_t n;
    int32_t p;
} Table; /* as kernel.py lays it out */

typedef struct {
    const double *x, *shift, *rate;
    const double *columns; /* p x stride, or none */
    int64_t n, h, stride, pitch; /* stride: n rounded up to whole strips; pitch: from one column to the next */
    int p, width, block; /* width: p rounded up to whole vectors; block: rows in the buffer */
    double *room;        /* all that follows */
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
    double *weight;      /* stride: 1 for a member of the subset, when there are columns, */
    double *towards;     /* CHUNK: and scratch for a part of one column */
    double *d2;          /* stride: squared distances from the subset, infinite beyond the last row */
    double *key;         /* max(2 n, BAND): scratch of the selections */
    double edge;         /* where the last selection ended */
    int64_t *rows;       /* n: the rows that enter, from the front, and those that leave, from the back */
    int64_t entering, leaving;
} Work;

static int64_t padded(int64_t n) { return (n + STRIP - 1) / STRIP * STRIP; }

static int width_of(int p) { return (p + LANES - 1) / LANES * LANES; }

static int block_of(int p) {
    const int rows = CACHE / width_of(p) / LANES * LANES;
    return rows < 2 * LANES ? 2 * LANES : rows > 256 ? 256 : rows;
}

static void *aligned(size_t doubles) { return aligned_alloc(64, (doubles * sizeof(double) + 63) / 64 * 64); }

static void work_close(Work *w) {
    free(w->room);
    free(w->rows);
}

/* Scratch for a table; `all` for functions that look at every row's distance. */
static int work_open(Work *w, const Table *t, int64_t h, int all) {
    const size_t P = (size_t)t->p, V = (size_t)width_of(t->p), B = (size_t)block_of(t->p);
    const size_t N = all ? (size_t)padded(t->n) : 0;
    memset(w, 0, sizeof *w);
    w->x = t->x, w->shift = t->shift, w->rate = t->rate, w->columns = all ? t->columns : NULL, w->n = t->n, w->h = h;
    w->p = t->p, w->width = (int)V, w->block = (int)B, w->stride = (int64_t)N;
    w->pitch = w->stride + LANES; /* an odd number of cache lines: columns a power of two apart would push each other out */
    w->room = w->buffer = aligned(2 * N + CHUNK + B * V + V * V + V + P * V + 3 * P + 3 * P * P + (2 * N > BAND ? 2 * N : BAND));
    w->rows = all ? malloc(sizeof(int64_t) * (size_t)t->n) : malloc(1);
    if (!w->buffer || !w->rows) return 0;
    w->weight = w->buffer;
    w->towards = w->weight + N;
    w->d2 = w->towards + CHUNK;
    w->buffer = w->d2 + N;
    memset(w->buffer, 0, sizeof(double) * (B * V + V * V + V + P * V));
    for (int64_t i = t->n; i < w->stride; i++) w->weight[i] = 0.0, w->d2[i] = INFINITY;
    w->part_cross = w->buffer + B * V;
    w->part_sum = w->part_cross + V * V;
    w->turned = w->part_sum + V;
    w->mean = w->turned + P * V;
    w->origin = w->mean + P;
    w->sum = w->origin + P;
    w->inverse = w->sum + P;
    w->cross = w->inverse + P * P;
    w->kept = w->cross + P * P;
    w->key = w->kept + P * P;
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

#define TOTAL(s) ((((s)[0] + (s)[4]) + ((s)[1] + (s)[5])) + (((s)[2] + (s)[6]) + ((s)[3] + (s)[7])))

/* Adds to out the sums, over `rows` rows from `start`, of `towards` times B columns from column b, each about its origin. */
INLINE void products_columns(const Work *w, int64_t start, int rows, int b, const int B, double *out) {
    Lane sum[8][2] = {{{0}}};
    const double *y = w->columns + (size_t)b * w->pitch + start;
    for (int i = 0; i < rows; i += 2 * LANES)
        for (int t = 0; t < 2; t++) {
            const Lane one = *(const Lane *)(w->towards + i + t * LANES);
            for (int k = 0; k < B; k++) sum[k][t] += one * (*(const Lane *)(y + k * w->pitch + i + t * LANES) - w->origin[b + k]);
        }
    for (int k = 0; k < B; k++) {
        const Lane all = sum[k][0] + sum[k][1];
        out[k] += TOTAL(all);
    }
}

/* The sums of the rows of weight 1 about the origin, down the columns, some rows at a time: into sum and cross (lower triangle). */
FAST static void accumulate_columns(Work *w) {
    const int p = w->p;
    memset(w->sum, 0, sizeof(double) * p);
    memset(w->cross, 0, sizeof(double) * p * p);
    for (int64_t start = 0; start < w->stride; start += CHUNK) {
        const int rows = w->stride - start < CHUNK ? (int)(w->stride - start) : CHUNK;
        for (int a = 0; a < p; a++) {
            const double *y = w->columns + (size_t)a * w->pitch + start;
            double *cross = w->cross + (size_t)a * p;
            Lane total = {0};
            for (int i = 0; i < rows; i += LANES) {
                const Lane one = *(const Lane *)(w->weight + start + i) * (*(const Lane *)(y + i) - w->origin[a]);
                *(Lane *)(w->towards + i) = one;
                total += one;
            }
            w->sum[a] += TOTAL(total);
            int b = 0;
            for (; b + 8 <= a + 1; b += 8) products_columns(w, start, rows, b, 8, cross + b);
            if (b + 4 <= a + 1) products_columns(w, start, rows, b, 4, cross + b), b += 4;
            if (b + 2 <= a + 1) products_columns(w, start, rows, b, 2, cross + b), b += 2;
            if (b <= a) products_columns(w, start, rows, b, 1, cross + b);
        }
    }
}

/* The sums of a subset about its mean, down the columns. */
FAST static void begin_columns(Work *w, const uint8_t *member) {
    int64_t count = 0;
    for (int64_t i = 0; i < w->n; i++) {
        w->weight[i] = (double)member[i];
        count += member[i];
    }
    for (int a = 0; a < w->p; a++) {
        const double *y = w->columns + (size_t)a * w->pitch;
        Lane total[2] = {{0}};
        for (int64_t i = 0; i < w->stride; i += 2 * LANES)
            for (int t = 0; t < 2; t++) total[t] += *(const Lane *)(w->weight + i + t * LANES) * *(const Lane *)(y + i + t * LANES);
        total[0] += total[1];
        w->origin[a] = TOTAL(total[0]) / (double)count;
    }
    accumulate_columns(w);
    w->count = count;
}

/* A few rows into the sums, or out of them, one at a time. */
FAST static void include_few(Work *w, const int64_t *list, int64_t count, double sign) {
    const int p = w->p;
    for (int64_t r = 0; r < count; r++) {
        const double *x = w->x + list[r] * p;
        double *y = w->kept;
        for (int a = 0; a < p; a++) {
            y[a] = (x[a] - w->shift[a]) * w->rate[a] - w->origin[a];
            w->sum[a] += sign * y[a];
            const double one = sign * y[a];
            for (int b = 0; b <= a; b++) w->cross[a * p + b] += one * y[b];
        }
    }
    w->count += sign > 0 ? count : -count;
}

/* Takes some rows into the subset's sums (sign 1), or out of them (-1). */
static void include(Work *w, const int64_t *list, int64_t count, double sign) {
    const int p = w->p;
    if (w->columns) {
        include_few(w, list, count, sign);
        return;
    }
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
    if (w->columns) {
        begin_columns(w, member);
        return;
    }
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
    for (int a = 0; a < p;) { /* eight at a time: the product of eight cannot overflow in a standardised table */
        double product = s[a * p + a];
        for (a++; a % LANES && a < p; a++) product *= s[a * p + a];
        logdet += 2.0 * log(product);
    }
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
    if (w->columns) return logdet;
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

/* Squared distances of all rows from `mean` by `inverse`, down the columns, a strip of rows at a time. */
FAST static void distances_columns(Work *w) {
    enum { T = STRIP / LANES };
    const int p = w->p;
    Lane y[COLUMNS][T];
    for (int64_t i = 0; i < w->stride; i += STRIP) {
        Lane square[T] = {{0}};
        for (int a = 0; a < p; a++) {
            const double *from = w->columns + (size_t)a * w->pitch + i, *row = w->inverse + (size_t)a * p;
            Lane white[T] = {{0}};
            for (int t = 0; t < T; t++) y[a][t] = *(const Lane *)(from + t * LANES) - w->mean[a];
            for (int b = 0; b <= a; b++)
                for (int t = 0; t < T; t++) white[t] += row[b] * y[b][t];
            for (int t = 0; t < T; t++) square[t] += white[t] * white[t];
        }
        for (int t = 0; t < T; t++) *(Lane *)(w->d2 + i + t * LANES) = square[t];
    }
    for (int64_t i = w->n; i < w->stride; i++) w->d2[i] = INFINITY;
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
            for (int i = 0; i < 8 && r + i < rows; i++)
                out[start + r + i] = TOTAL(square[i]);
        }
    }
}

/* Squared distances of all rows from the subset. */
static void distances_all(Work *w) {
    if (w->columns)
        distances_columns(w);
    else
        distances(w, NULL, w->n, w->d2);
}
