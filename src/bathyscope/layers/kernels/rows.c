/* Rows of logits compared with the last layer's, each while it lies in a core's own cache.
 *
 * The same quantities as `rows.py` computes by operations of torch, in two walks over a row. The
 * exponential and the logarithm are the classic short polynomials (Moshier, Cephes: expf, logf), good
 * to about one unit in the last place of float32, written so that a compiler makes vectors of them.
 * Sums are taken in float32 over short stretches and in float64 over these.
 */

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { STRETCH = 512 };

static const double LN_2 = 0.69314718055994530942;

static inline long end_of(long start, long width)
{
    return start + STRETCH < width ? start + STRETCH : width;
}

/* The larger one; what is no number stays none. */
static inline float at_least(float x, float least)
{
    return x < least ? least : x;
}

/* e^x for x <= 0; below the logarithm of the smallest normal number it is 0. */
static inline float exp_of(float x)
{
    float lowest = -87.0f;
    float y = x > lowest ? x : lowest; /* also of what is no number, which no integer holds */
    float n = rintf(y * 1.44269504f);
    float r = y - n * 0.693359375f + n * 2.12194440e-4f;
    float e = 1.9875691500e-4f;
    e = e * r + 1.3981999507e-3f;
    e = e * r + 8.3334519073e-3f;
    e = e * r + 4.1665795894e-2f;
    e = e * r + 1.6666665459e-1f;
    e = e * r + 5.0000001201e-1f;
    e = e * r * r + r + 1.0f;
    uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return x < lowest ? 0.0f : x == x ? e * power : x;
}

/* ln x for normal x > 0; exactly 0 for 1. */
static inline float log_of(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int32_t exponent = (bits - 0x3f3504f3) >> 23; /* the mantissa then lies around 1 */
    bits -= exponent * (1 << 23);
    float mantissa;
    memcpy(&mantissa, &bits, sizeof mantissa);
    float f = mantissa - 1.0f, z = f * f, n = (float)exponent;
    float y = 7.0376836292e-2f;
    y = y * f - 1.1514610310e-1f;
    y = y * f + 1.1676998740e-1f;
    y = y * f - 1.2420140846e-1f;
    y = y * f + 1.4249322787e-1f;
    y = y * f - 1.6668057665e-1f;
    y = y * f + 2.0000714765e-1f;
    y = y * f - 2.4999993993e-1f;
    y = y * f + 3.3333331174e-1f;
    y = y * f * z - 2.12194440e-4f * n - 0.5f * z;
    return f + y + 0.693359375f * n;
}

/* r ln r, also for 0 and for what is too small to be normal. */
static inline float times_log(float r)
{
    return r * log_of(at_least(r, FLT_MIN));
}

static float largest(const float *x, long width)
{
    float found = -INFINITY;
#pragma omp simd reduction(max : found)
    for (long i = 0; i < width; i++)
        found = x[i] > found ? x[i] : found;
    return found;
}

/* Write e^(x − max x); return their sum, and the sum of their products with x − max x. */
static double exponentials(const float *x, float *e, long width, double *products)
{
    float top = largest(x, width);
    double total = 0.0, weighted = 0.0;
    for (long start = 0; start < width; start += STRETCH) {
        long end = end_of(start, width);
        float sum = 0.0f, product = 0.0f;
#pragma omp simd reduction(+ : sum, product)
        for (long i = start; i < end; i++) {
            float shifted = x[i] - top, value = exp_of(shifted);
            /* −inf · 0 is no number, but a token without probability adds nothing. */
            product += at_least(shifted, -87.0f) * value;
            sum += value;
            e[i] = value;
        }
        total += sum;
        weighted += product;
    }
    *products = weighted;
    return total;
}

/* Probabilities, at least the smallest normal number, and entropies in nats, of rows of logits. */
void predictions(const float *logits, long rows, long width, float *probabilities, double *entropy)
{
    for (long row = 0; row < rows; row++) {
        float *p = probabilities + row * width;
        double products, total = exponentials(logits + row * width, p, width, &products);
        float share = (float)(1.0 / total);
        entropy[row] = log(total) - products / total;
#pragma omp simd
        for (long i = 0; i < width; i++)
            p[i] = at_least(p[i] * share, FLT_MIN);
    }
}

/* Jensen-Shannon divergences in bits of rows of logits, which are overwritten, from rows of q. */
void divergences(float *logits, long rows, long width, const float *q, const int64_t *row_of_q,
                 double *bits)
{
    for (long row = 0; row < rows; row++) {
        float *p = logits + row * width;
        const float *last = q + row_of_q[row] * width;
        double products, share = 1.0 / exponentials(p, p, width, &products);
        double sum = 0.0;
        for (long start = 0; start < width; start += STRETCH) {
            long end = end_of(start, width);
            float part = 0.0f;
#pragma omp simd reduction(+ : part)
            for (long i = start; i < end; i++) {
                /* With r = 2p / (p + q), 2q / (p + q) is 2 − r; q is never 0. Its floor is that of
                 * `predictions`, so that equal logits give r = 1, and 0 bits. */
                float own = at_least(p[i] * (float)share, FLT_MIN);
                float both = own + last[i], ratio = 2.0f * own / both;
                ratio = ratio > 2.0f ? 2.0f : ratio;
                part += both * (times_log(ratio) + times_log(2.0f - ratio));
            }
            sum += part;
        }
        double found = sum * 0.25 / LN_2;
        /* The bounds hold in exact arithmetic; no number stays no number. */
        bits[row] = found < 0.0 ? 0.0 : found > 1.0 ? 1.0 : found;
    }
}
