// SPDX-License-Identifier: Apache-2.0
/*
 * What was measured: one JSON object a line, in the file that --out names. A series has a name, and numbers that
 * scripts/lib/bench.py makes goals of; nothing is judged here.
 */
#ifndef BENCH_OUTPUT_H
#define BENCH_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "../demo/report.h"

void output_open(const char *path);
void output_close(void);

/* A series begins, gets fields, ends. One at a time. */
void output_begin(const char *series);
void output_number(const char *field, double value);
void output_text(const char *field, const char *value);
void output_numbers(const char *field, const double *values, size_t count);
void output_end(void);

/* Why a series cannot be had here; its goal says so. */
void output_missing(const char *series, const char *why);

/* Begins and fills a series from latencies in ticks: n, p1 to p999, min, mean, in nanoseconds. Sorts them. */
void output_latencies(const char *prefix, uint64_t *ticks, size_t count);
double median_of(double *values, size_t count); /* sorts */
uint64_t quantile(const uint64_t *sorted, size_t count, double share);
void sort_ticks(uint64_t *ticks, size_t count);

#endif
