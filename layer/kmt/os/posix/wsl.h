/* SPDX-License-Identifier: Apache-2.0 */
/* Where WSL 2 keeps its graphics kernel. */
#ifndef NTF_KMT_OS_POSIX_WSL_H
#define NTF_KMT_OS_POSIX_WSL_H

/* In a file of its own, so that a test's may take its place when it is linked: nothing that a program's environment
 * says does. */
struct ntf_wsl_place {
    const char *library; /* absolute path */
    const char *device;
};
extern const struct ntf_wsl_place ntf_wsl_place;

#endif /* NTF_KMT_OS_POSIX_WSL_H */
