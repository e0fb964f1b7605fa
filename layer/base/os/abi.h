/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calling convention of everything that Windows' system libraries export and that we therefore
 * call or export in their shape. Only 32-bit Windows has a convention of its own.
 */
#ifndef NTF_BASE_OS_ABI_H
#define NTF_BASE_OS_ABI_H

#if defined(_WIN32) && (defined(__i386__) || defined(_M_IX86))
#define NTF_APIENTRY __stdcall
#else
#define NTF_APIENTRY
#endif

#endif
