/* The inner loops of the search for the minimum covariance determinant.
 *
 * The same steps as csteps.py and exchange.py take, row by row instead of through matrix products: for tables of some hundred rows the
 * time goes into starting numpy's operations, not into arithmetic. Built when a compiler is at hand, never needed: see kernel.py.
 *
 * A table z is n rows of p standardised values. A subset is n bytes, 1 for a member. No function keeps anything between calls.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__gnu_linux__)
#define FAST __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define FAST
#endif

enum { BAND = 96 }; /* rows looked at on each side of the edge when a single exchange is tried */

typedef struct {
    double *z;       /* p x n: the table by columns, so that loops run over rows side by side */
    int n, p, h;
    double *mean;    /* p */
    double *inverse; /* p x p, the inverse of the lower Cholesky factor */
    double *kept;    /* p x p: scratch of the factorisation */
    double *d2;      /* n */
    double *key;     /* max(n, BAND): scratch of the selections */
    double *part;    /* p x n: the members' centred values, by columns */
    int32_t *rows;   /* n: the members' positions */
} Work;

static void work_close(Work *w) {
    free(w->z);
    free(w->rows);
}

static int work_open(Work *w, const double *z, int n, int p, int h) {
    const size_t N = (size_t)n, P = (size_t)p;
    memset(w, 0, sizeof *w);
    w->n = n, w->p = p, w->h = h;
    w->z = malloc(sizeof(double) * (2 * P * N + P + 2 * P * P + N + (size_t)(n > BAND ? n : BAND)));
    w->rows = malloc(sizeof(int32_t) * N);
    if (!w->z || !w->rows) return 0;
    w->part = w->z + P * N;
    w->mean = w->part + P * N;
    w->inverse = w->mean + P;
    w->kept = w->inverse + P * P;
    w->d2 = w->kept + P * P;
    w->key = w->d2 + N;
    for (size_t i = 0; i < N; i++)
        for (size_t a = 0; a < P; a++) w->z[a * N + i] = z[i * P + a];
    return 1;
}

/* Mean and covariance (divisor: the subset's size) of the members; the covariance goes to `inverse`, lower triangle. */
FAST static void moments(Work *w, const uint8_t *member) {
    const int n = w->n, p = w->p;
    int count = 0;
    for (int i = 0; i < n; i++) {
        w->rows[count] = i;
        count += member[i] != 0;
    }
    for (int a = 0; a < p; a++) {
        const double *from = w->z + (size_t)a * n;
        double *to = w->part + (size_t)a * n, sum = 0.0;
        for (int k = 0; k < count; k++) to[k] = from[w->rows[k]];
#pragma omp simd reduction(+ : sum)
        for (int k = 0; k < count; k++) sum += to[k];
        const double m = w->mean[a] = sum / count;
#pragma omp simd
        for (int k = 0; k < count; k++) to[k] -= m;
        for (int b = 0; b <= a; b++) {
            const double *other = w->part + (size_t)b * n;
            double cross = 0.0;
#pragma omp simd reduction(+ : cross)
            for (int k = 0; k < count; k++) cross += to[k] * other[k];
            w->inverse[a * p + b] = cross / count;
        }
    }
}

/* Cholesky factor in place; 0 when a pivot is not positive beyond rounding. */
static int cholesky(double *s, int p) {
    for (int a = 0; a < p; a++) {
        for (int b = 0; b <= a; b++) {
            double sum = s[a * p + b];
            for (int k = 0; k < b; k++) sum -= s[a * p + k] * s[b * p + k];
            if (a == b) {
                if (!(sum > 1e-13 * fabs(s[a * p + a]))) return 0;
                s[a * p + a] = sqrt(sum);
            } else
                s[a * p + b] = sum / s[b * p + b];
        }
    }
    return 1;
}

/* From the covariance in `inverse` to the inverse of its factor; returns log det. A singular one is given a little ridge. */
static double invert(Work *w) {
    const int p = w->p;
    const size_t size = sizeof(double) * (size_t)p * (size_t)p;
    double *s = w->inverse, *kept = w->kept, top = 0.0, logdet = 0.0;
    memcpy(kept, s, size);
    for (int a = 0; a < p; a++) top = fmax(top, s[a * p + a]);
    for (double ridge = 1e-12 * fmax(top, 1e-300); !cholesky(s, p); ridge *= 100.0) {
        memcpy(s, kept, size);
        for (int a = 0; a < p; a++) s[a * p + a] += ridge;
    }
    for (int a = 0; a < p; a++) logdet += 2.0 * log(s[a * p + a]);
    for (int a = 0; a < p; a++) { /* forward substitution, column by column, in place */
        for (int b = 0; b < a; b++) {
            double sum = 0.0;
            for (int k = b; k < a; k++) sum -= s[a * p + k] * s[k * p + b];
            kept[b] = sum;
        }
        const double pivot = 1.0 / s[a * p + a];
        for (int b = 0; b < a; b++) s[a * p + b] = kept[b] * pivot;
        s[a * p + a] = pivot;
    }
    return logdet;
}

FAST static void distances(Work *w) {
    enum { TILE = 64 };
    const int n = w->n, p = w->p;
    double y[TILE], sum[TILE];
    for (int start = 0; start < n; start += TILE) {
        const int rows = n - start < TILE ? n - start : TILE;
        for (int i = 0; i < rows; i++) sum[i] = 0.0;
        for (int a = 0; a < p; a++) {
            const double *l = w->inverse + (size_t)a * p;
            double offset = 0.0;
            for (int b = 0; b <= a; b++) offset += l[b] * w->mean[b];
            for (int i = 0; i < rows; i++) y[i] = -offset;
            for (int b = 0; b <= a; b++) {
                const double *x = w->z + (size_t)b * n + start, c = l[b];
#pragma omp simd
                for (int i = 0; i < rows; i++) y[i] += c * x[i];
            }
#pragma omp simd
            for (int i = 0; i < rows; i++) sum[i] += y[i] * y[i];
        }
        for (int i = 0; i < rows; i++) w->d2[start + i] = sum[i];
    }
}

/* The value of rank h (from 0: h - 1) among the distances, by quickselect on a copy. */
static double rank_value(Work *w) {
    double *v = w->key;
    int low = 0, high = w->n - 1;
    const int k = w->h - 1;
    memcpy(v, w->d2, sizeof(double) * (size_t)w->n);
    while (low < high) {
        const double pivot = v[(low + high) / 2];
        int i = low, j = high;
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

/* The h nearest rows; among equals the earlier ones. Returns whether the subset changed. */
static int nearest(Work *w, uint8_t *member) {
    const double edge = rank_value(w);
    int room = w->h, changed = 0;
    for (int i = 0; i < w->n; i++) room -= w->d2[i] < edge;
    for (int i = 0; i < w->n; i++) {
        const uint8_t in = w->d2[i] < edge || (w->d2[i] == edge && room-- > 0);
        changed |= in != member[i];
        member[i] = in;
    }
    return changed;
}

/* C-steps until the members stop changing or the determinant stops falling, `steps` at most when positive; returns log det. */
static double converge(Work *w, uint8_t *member, int steps) {
    double best = INFINITY;
    for (int taken = 0; steps <= 0 || taken < steps; taken++) {
        moments(w, member);
        const double logdet = invert(w);
        if (!(logdet < best - 1e-12 * (1.0 + fabs(logdet)))) return best;
        best = logdet;
        distances(w);
        if (!nearest(w, member)) return best;
    }
    moments(w, member);
    return fmin(best, invert(w));
}

/* Positions of the `most` members (or non-members) nearest the edge: members by falling distance, others by rising distance. */
static int band(Work *w, const uint8_t *member, int inside, int32_t *out) {
    int count = 0;
    for (int i = 0; i < w->n; i++) {
        if (member[i] != inside) continue;
        const double d = inside ? -w->d2[i] : w->d2[i];
        if (count == BAND && d >= w->key[BAND - 1]) continue;
        int at = count < BAND ? count++ : BAND - 1;
        while (at > 0 && w->key[at - 1] > d) {
            w->key[at] = w->key[at - 1], out[at] = out[at - 1];
            at--;
        }
        w->key[at] = d, out[at] = i;
    }
    return count;
}

static void whiten(const Work *w, int i, double *y) {
    const int p = w->p;
    for (int a = 0; a < p; a++) {
        double sum = 0.0;
        for (int b = 0; b <= a; b++) sum += w->inverse[a * p + b] * (w->z[(size_t)b * w->n + i] - w->mean[b]);
        y[a] = sum;
    }
}

/* The best exchange of a member for another row, by the rank-two determinant formula of exchange.py; 0 when none lowers it. */
static int exchange(Work *w, uint8_t *member, double *u, double *v) {
    const int p = w->p, h = w->h;
    int32_t in[BAND], out[BAND];
    if (w->n == h) return 0;
    moments(w, member);
    invert(w);
    distances(w);
    const int ni = band(w, member, 1, in), no = band(w, member, 0, out);
    for (int i = 0; i < ni; i++) whiten(w, in[i], u + (size_t)i * p);
    for (int j = 0; j < no; j++) whiten(w, out[j], v + (size_t)j * p);
    const double less = h - 1.0;
    double best = 1.0 - 1e-10;
    int from = -1, to = -1;
    for (int i = 0; i < ni; i++) {
        const double a = w->d2[in[i]] / h, r = 1.0 - h / less * a;
        if (!(r > 1e-12)) continue;
        for (int j = 0; j < no; j++) {
            const double b = w->d2[out[j]] / h;
            double c = 0.0;
#pragma omp simd reduction(+ : c)
            for (int k = 0; k < p; k++) c += u[(size_t)i * p + k] * v[(size_t)j * p + k];
            c /= h;
            const double t = c + a / less;
            const double ratio = r * (1.0 + less / h * (b + 2.0 * c / less + a / (less * less) + h / less * t * t / r));
            if (ratio < best) best = ratio, from = in[i], to = out[j];
        }
    }
    if (from < 0) return 0;
    member[from] = 0, member[to] = 1;
    return 1;
}

int spc_version(void) { return 1; }

/* k subsets (k x n) to their fixed points, or through `steps` C-steps; their log determinants go to logdet (k). 0 without memory. */
int spc_converge(const double *z, int n, int p, int h, int k, int steps, uint8_t *member, double *logdet) {
    Work w;
    const int ready = work_open(&w, z, n, p, h);
    for (int i = 0; ready && i < k; i++) logdet[i] = converge(&w, member + (size_t)i * n, steps);
    work_close(&w);
    return ready;
}

/* k subsets of any size to the h rows nearest them. */
int spc_grow(const double *z, int n, int p, int h, int k, uint8_t *member) {
    Work w;
    const int ready = work_open(&w, z, n, p, h);
    for (int i = 0; ready && i < k; i++) {
        moments(&w, member + (size_t)i * n);
        invert(&w);
        distances(&w);
        nearest(&w, member + (size_t)i * n);
    }
    work_close(&w);
    return ready;
}

/* One subset after exchanges, each followed by C-steps, until none lowers its determinant. */
int spc_polish(const double *z, int n, int p, int h, uint8_t *member) {
    Work w;
    double *u = malloc(sizeof(double) * (size_t)(2 * BAND * p));
    const int ready = work_open(&w, z, n, p, h) && u != NULL;
    while (ready && exchange(&w, member, u, u + (size_t)BAND * p)) converge(&w, member, 0);
    free(u);
    work_close(&w);
    return ready;
}
