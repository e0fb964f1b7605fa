/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors as handles. */
#ifndef NTF_KMT_SOFT_OS_POSIX_POSIX_H
#define NTF_KMT_SOFT_OS_POSIX_POSIX_H

#include "kmt/d3dkmt.h"

/* The handle that carries a descriptor's number. */
ntf_handle soft_handle_of(int fd);
/* The descriptor's number; -1 for a handle that can't be one: below 3, or too large. */
int soft_fd_of(ntf_handle handle);
/* Moves a descriptor out of 0 to 2, which a process without standard streams may give out. Takes fd over; -1 stays. */
int soft_fd_above_standard(int fd);

#endif /* NTF_KMT_SOFT_OS_POSIX_POSIX_H */
