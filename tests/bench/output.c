// SPDX-License-Identifier: Apache-2.0
#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

static FILE *file;

void output_open(const char *path)
{
    file = fopen(path, "w");
    if (!file)
        die("%s cannot be written", path);
}

void output_close(void)
{
    if (fclose(file) != 0)
        die("the results could not be written");
}

static void quoted(const char *text)
{
    fputc('"', file);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', file);
        if ((unsigned char)*text >= ' ')
            fputc(*text, file);
    }
    fputc('"', file);
}

void output_begin(const char *series)
{
    fputs("{\"series\": ", file);
    quoted(series);
}

static void field_name(const char *field)
{
    fputs(", ", file);
    quoted(field);
    fputs(": ", file);
}

void output_number(const char *field, double value)
{
    field_name(field);
    fprintf(file, "%.10g", value);
}

void output_text(const char *field, const char *value)
{
    field_name(field);
    quoted(value);
}

void output_numbers(const char *field, const double *values, size_t count)
{
    field_name(field);
    for (size_t i = 0; i < count; i++)
        fprintf(file, "%s%.8g", i ? ", " : "[", values[i]);
    fputs(count ? "]" : "[]", file);
}

void output_end(void)
{
    fputs("}\n", file);
    fflush(file);
}

void output_missing(const char *series, const char *why)
{
    output_begin(series);
    output_text("missing", why);
    output_end();
}

static int compare_ticks(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sort_ticks(uint64_t *ticks, size_t count)
{
    qsort(ticks, count, sizeof *ticks, compare_ticks);
}

double median_of(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return count ? values[count / 2] : 0;
}

uint64_t quantile(const uint64_t *sorted, size_t count, double share)
{
    const size_t at = (size_t)((double)count * share);
    return sorted[at < count ? at : count - 1];
}

void output_latencies(const char *prefix, uint64_t *ticks, size_t count)
{
    static const struct {
        const char *name;
        double share;
    } points[] = {{"min", 0},   {"p10", .10}, {"p25", .25}, {"p50", .50},
                  {"p75", .75}, {"p90", .90}, {"p99", .99}, {"p999", .999}};
    double sum = 0;
    char name[64];

    sort_ticks(ticks, count);
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        snprintf(name, sizeof name, "%s%s", prefix, points[i].name);
        output_number(name, clock_ns(quantile(ticks, count, points[i].share)));
    }
    for (size_t i = 0; i < count; i++)
        sum += (double)ticks[i];
    snprintf(name, sizeof name, "%smean", prefix);
    output_number(name, clock_ns(1) * sum / (double)count);
}
