/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perches: words of this copy that a thread borrows to be woken by, whatever it waits for, when it would otherwise have
 * to sleep on very many words. They are there for ever, so a late ring, meant for the last borrower, touches nothing
 * that has gone: it is a spurious wake for the next one.
 *
 * Who borrows one reads its word before he publishes its number, and sleeps on that value of it; who rings changes the
 * word, then wakes. So no ring is lost that comes behind the reading.
 */
#ifndef NTF_KMT_OS_POSIX_PERCHES_H
#define NTF_KMT_OS_POSIX_PERCHES_H

#include "base/atomic.h"

/* A number from 1 on; 0: all are taken. */
uint32_t ntf_perch_borrow(void);
void ntf_perch_return(uint32_t number);
ntf_au32 *ntf_perch_word(uint32_t number);
/* From any thread; a number that is none is ignored. */
void ntf_perch_ring(uint64_t number);

#endif /* NTF_KMT_OS_POSIX_PERCHES_H */
