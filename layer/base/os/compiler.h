/* SPDX-License-Identifier: Apache-2.0 */
/* What the compilers spell differently. */
#ifndef NTF_BASE_OS_COMPILER_H
#define NTF_BASE_OS_COMPILER_H

/* Parameter number at is a printf format, number from the first argument to it (0: a va_list). */
#if defined(__MINGW32__)
#define NTF_PRINTF(at, from) __attribute__((__format__(__gnu_printf__, at, from)))
#elif defined(__GNUC__)
#define NTF_PRINTF(at, from) __attribute__((__format__(__printf__, at, from)))
#else
#define NTF_PRINTF(at, from)
#endif

/* A way that is seldom gone, kept out of line: the short one before it needs no stack frame then. */
#if defined(__GNUC__)
#define NTF_SELDOM __attribute__((__noinline__))
#elif defined(_MSC_VER)
#define NTF_SELDOM __declspec(noinline)
#else
#define NTF_SELDOM
#endif

/* Exported from the library although everything else is hidden. */
#if defined(_WIN32)
#define NTF_EXPORT __declspec(dllexport)
#else
#define NTF_EXPORT __attribute__((visibility("default")))
#endif

#endif /* NTF_BASE_OS_COMPILER_H */
