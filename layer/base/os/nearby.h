/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code that is wanted in one piece, by threads that find none of it in their caches: it comes once a frame, and others
 * have had the CPU meanwhile.
 *
 * The way out of a wait is what runs from the look that finds a value to the return to the application. A thread that
 * has slept until shortly before the moment at which a value is due (fence/poller.h, FORESEEN) has time to fetch it
 * before that moment, and none behind it. So these functions lie beside one another (NTF_WAY_OUT), and
 * ntf_way_out_fetch has the CPU read them ahead, some eight kilobytes. A signal has no time to fetch anything ahead;
 * its functions lie beside one another (NTF_SIGNALS) so that they are on few pages and lines.
 *
 * All of this is hints: where object files have no such sections it is nothing.
 */
#ifndef NTF_BASE_OS_NEARBY_H
#define NTF_BASE_OS_NEARBY_H

#if defined(__ELF__) && defined(__GNUC__)
#define NTF_WAY_OUT __attribute__((__section__("ntf_way_out")))
#define NTF_SIGNALS __attribute__((__section__("ntf_signals")))

/* By the linker, for a section whose name is one of C's. */
extern const char __start_ntf_way_out[] __attribute__((__visibility__("hidden")));
extern const char __stop_ntf_way_out[] __attribute__((__visibility__("hidden")));

static inline void ntf_way_out_fetch(void)
{
    const char *at;

    for (at = __start_ntf_way_out; at < __stop_ntf_way_out; at += 64)
        __builtin_prefetch(at);
}

/* What lies at an address, which need not be one: a line, to be read, or written to as well. */
static inline void ntf_fetch_read(const void *data)
{
    __builtin_prefetch(data, 0);
}
static inline void ntf_fetch_write(const void *data)
{
    __builtin_prefetch(data, 1);
}
#else
#define NTF_WAY_OUT
#define NTF_SIGNALS
static inline void ntf_way_out_fetch(void)
{
}
static inline void ntf_fetch_read(const void *data)
{
    (void)data;
}
static inline void ntf_fetch_write(const void *data)
{
    (void)data;
}
#endif

#endif /* NTF_BASE_OS_NEARBY_H */
