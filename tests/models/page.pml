/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Promela model of the page (layer/kmt/soft/page.h): two waiters, two signallers, one of which, or a third waiter,
 * is killed after any of its steps or lives. Sequentially consistent by nature, so it judges the protocol: what is
 * read, written and re-read in which order. The memory orders of the real page.c are Relacy's (page_relacy.cpp).
 *
 * Switches, by -D; page.py runs them
 *   SLOTS=n           slots of the page; with fewer than waiters the overflow word is in use. Default 1.
 *   VICTIM_WAITS=1    the one that is killed waits; else it signals
 *   BELL=1            wakes go by the slot's owner to an event, as on Windows; else by the slot's word (futex)
 *   MAKEUP=1          nobody re-reads by himself; the victim's wake has to be made up for by the next signaller
 *   DEADLINE=1        the first waiter waits for a value that never comes, until a clock says that its time is over
 *   STICKY=1          who leaves a slot leaves its bit set
 *   BROKEN=n          one thing taken out, and the model must fail (the list stands in page.py)
 *
 * Properties
 *   no lost wake           nobody is left behind: spin reports an invalid end state. A parked waiter re-reads by
 *                          itself (the safety period) only after somebody has been killed
 *   no early return        asserted when a wait returns
 *   progress at a deadline  the same, with DEADLINE: whoever has one gets away, whatever the others do
 *   no slot lost for good  when everybody has gone, alive or dead, every slot can be taken
 */
#ifndef SLOTS
#define SLOTS 1
#endif
#ifndef BROKEN
#define BROKEN 0
#endif
#ifndef VICTIM_WAITS
#define VICTIM_WAITS 0
#endif
#ifndef BELL
#define BELL 0
#endif
#ifndef MAKEUP
#define MAKEUP 0
#endif

#ifndef DEADLINE
#define DEADLINE 0
#endif
#ifndef STICKY
#define STICKY 0
#endif

#define NONE 4          /* a target of all ones */
#define VICTIM 3        /* owner ids: 1 and 2 the waiters, 3 the victim */
#define SAFETY (died && BROKEN != 5 && !MAKEUP)

byte current;
bool armed[SLOTS];
byte owner[SLOTS];
byte target[SLOTS];
byte word[SLOTS];       /* counts modulo 4: there are fewer signals than that */
bool over_bit;
byte over_count;
bool asleep[4];         /* by owner id */
byte asleep_on[4];      /* the slot, or SLOTS for the overflow word */
bool bell[8];           /* set once rung, until its owner has slept on it; 7 is nobody */
bool lives = true;       /* the victim, until it has done all or died */
bool died, kill_now;
bool over;              /* the first waiter's deadline has passed */
#define LATE(me) (DEADLINE && me == 1 && over)

/* FUTEX_WAKE: everybody who sleeps on that word. */
inline wake_word(w)
{
    d_step {
        if :: asleep[1] && asleep_on[1] == w -> asleep[1] = false; asleep_on[1] = 0 :: else fi;
        if :: asleep[2] && asleep_on[2] == w -> asleep[2] = false; asleep_on[2] = 0 :: else fi;
        if :: asleep[3] && asleep_on[3] == w -> asleep[3] = false; asleep_on[3] = 0 :: else fi
    }
}

inline wake_slot(w)
{
#if BELL
    d_step { if :: owner[w] != 0 -> bell[owner[w]] = true :: else fi }
#else
    wake_word(w)
#endif
}

inline read_bits()
{
    d_step {
        bits = over_bit << SLOTS; s = 0;
        do :: s < SLOTS -> bits = bits | (armed[s] << s); s++ :: else -> break od;
        s = 0
    }
}

inline wipe()
{
    d_step { if :: target[s] == t -> target[s] = NONE :: else fi }
}

/* SIGNAL to v; uses s, t, bits, raised of its process. */
inline signal(v)
{
#if BROKEN == 8
    read_bits();
#endif
    d_step { if :: current < v -> current = v; raised = true :: else fi };
    if
    :: raised ->
#if BROKEN != 8
        read_bits();
#endif
        do
        :: s < SLOTS ->
            if
            :: bits & (1 << s) ->
                t = target[s];
                if
                :: t <= v ->
#if BROKEN == 3
                    wipe();
#endif
                    word[s] = (word[s] + 1) % 4;
                    wake_slot(s);
#if BROKEN != 3
                    wipe()
#endif
                :: else
                fi
            :: else
            fi;
            d_step { s++; t = 0 }
        :: else -> break
        od;
        if
        :: bits & (1 << SLOTS) ->
            d_step { if :: over_bit -> over_bit = false; over_count = (over_count + 1) % 4; t = 1 :: else fi };
            if :: t == 1 -> wake_word(SLOTS) :: else fi
        :: else
        fi
    :: else
    fi;
    d_step { s = 0; t = 0; bits = 0; raised = false } /* dead locals would only multiply the states */
}

/* Takes the first slot that can be had for `me`: its number in s, SLOTS if there is none. */
inline take(me)
{
    d_step { s = 0; got = false }
    do
    :: s < SLOTS && !got ->
        d_step {
            if
            :: owner[s] == 0 -> owner[s] = me; got = true
#if BROKEN != 6
            :: owner[s] == VICTIM && died && me != VICTIM -> owner[s] = me; got = true
#endif
            :: else -> s++
            fi
        }
    :: else -> break
    od;
    got = false
}

/* Sleeps on word number w if it is still as `seen`, or on the bell. */
inline park(me, w, is)
{
#if BELL
    /* No word wakes there: without a slot it re-reads. */
    atomic { if :: bell[me] -> bell[me] = false :: SAFETY :: w == SLOTS :: LATE(me) && BROKEN != 9 fi }
#else
    d_step { if :: is == seen -> asleep[me] = true; asleep_on[me] = w :: else fi }
    atomic {
        if
        :: !asleep[me]
        :: asleep[me] && (SAFETY || (LATE(me) && BROKEN != 9)) -> asleep[me] = false; asleep_on[me] = 0
        fi
    }
#endif
}

/* One wait, from entry to return; uses s, seen, got, value of its process. */
inline wait(me, goal)
{
    do
    :: current >= goal || LATE(me) -> break
    :: else ->
        take(me);
        if
        :: s < SLOTS ->
#if BROKEN == 7
            d_step { owner[s] = 7 } /* taken, but for nobody who could be woken */
#endif
            target[s] = goal;
            armed[s] = true;
#if BROKEN != 2
            seen = word[s];
#endif
#if BROKEN != 1
            value = current;
#endif
#if BROKEN == 2
            seen = word[s];
#endif
#if BROKEN == 7
            owner[s] = me;
#endif
            if
            :: value >= goal
            :: else -> park(me, s, word[s])
            fi;
            d_step { target[s] = NONE; seen = 0; value = 0 }
#if !STICKY
            armed[s] = false;
#endif
            d_step { owner[s] = 0; s = 0 }
        :: else ->
            d_step { over_bit = true; seen = over_count * 2 + 1 }
#if BROKEN != 4
            value = current;
#endif
            if
            :: value >= goal
            :: else -> park(me, SLOTS, over_count * 2 + over_bit)
            fi;
            d_step { seen = 0; value = 0; s = 0 }
        fi
    od;
    assert(current >= goal || LATE(me))
}

proctype waiter(byte me; byte goal)
{
    byte s, seen, value;
    bool got;
    wait(me, goal)
}

proctype signaller(byte v)
{
    byte s, t, bits;
    bool raised;
    signal(v)
}

proctype victim()
{
    byte s, seen, value, t, bits;
    bool got, raised;
    {
#if VICTIM_WAITS
        wait(VICTIM, 2);
#elif MAKEUP
        signal(1);
#else
        signal(2);
#endif
        lives = false
    } unless {
        kill_now -> d_step {
            died = true; lives = false; kill_now = false; asleep[VICTIM] = false; asleep_on[VICTIM] = 0
        }
    }
}

proctype clock()
{
    over = true
}

proctype killer()
{
    if
    :: d_step { lives -> kill_now = true } /* before any of its steps, */
    :: !lives                              /* or never */
    fi
}

init
{
    byte s;
    bool got;
    atomic {
        do :: s < SLOTS -> target[s] = NONE; s++ :: else -> break od;
#if DEADLINE
        run waiter(1, 3);
        run clock();
#else
        run waiter(1, 1);
#endif
        run waiter(2, 2);
#if !MAKEUP
        run signaller(1);
#endif
        run signaller(2);
        run victim();
        run killer()
    }
    _nr_pr == 1;
    kill_now = false;
#if SLOTS == 1
    take(1); assert(s == 0)
#else
    take(1); assert(s == 0);
    take(2); assert(s == 1)
#endif
}
