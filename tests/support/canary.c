// SPDX-License-Identifier: Apache-2.0
/*
 * Returns 5. Debian's wine64 alone ends a 32-bit program with 0 and has not run it: only where this number is seen do
 * the results of programs count.
 */
int main(void)
{
    return 5;
}
