/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Promela model of a keyed mutex's page (layer/kmt/soft/mutex_page.h): two who take turns, one of them twice, and a
 * third who is killed after any of his steps or lives. Sequentially consistent by nature, so it judges the protocol;
 * the memory orders of the real mutex_page.c are Relacy's (mutex_relacy.cpp). What stands in page.pml is one step here:
 * falling asleep for a turn that is still the same.
 *
 * Switches, by -D; mutex.py runs them
 *   SEATS=n           seats of the page; with fewer than three a dead one's has to be taken over, or somebody goes
 *                     without. Default 2.
 *   BROKEN=n          one thing taken out, and the model must fail (the list stands in mutex.py)
 *
 * Properties
 *   one owner         asserted on entry. Who is killed inside stays inside: nobody gets in behind him
 *   no robbery        who lives and holds can give: asserted
 *   no lost wake      nobody is left behind: spin reports an invalid end state. A sleeper looks again by himself (the
 *                     safety period) only after somebody has been killed, and once
 *   a death           a mutex is abandoned if and only if somebody died who held it
 *   handed over       the record of a turn is what its giver has written: asserted
 */
#ifndef SEATS
#define SEATS 2
#endif
#ifndef BROKEN
#define BROKEN 0
#endif

#define NOBODY 255      /* as a turn: none has been taken yet */
#define VICTIM 3        /* owner ids: 1 and 2 live, 3 is killed */
#define GONE(o) (o == 0 || (o == VICTIM && died))
#define SAFETY (died && BROKEN != 6)

byte turns;
bool abandoned;         /* the top bit of turns: changes with it */
byte taken_turn = NOBODY, taken_seat;
byte seats[SEATS];
byte record[2];
bool asleep[4];         /* by owner id */
bool again[4];          /* has looked again by himself: once has to be enough */
bool died, kill_now;
byte inside;            /* who hold it, as they see it */
byte holder;            /* who holds it, as the page says */

inline wake()
{
    d_step { asleep[1] = false; asleep[2] = false; asleep[3] = false }
}

/* LOOK at turn t, taken by seat s. Uses o, won of its process. */
inline look(t, s)
{
    o = seats[s];
    if
    :: GONE(o) && BROKEN != 3 ->
#if BROKEN == 8
        d_step { turns = turns + 1; abandoned = true; won = true };
#else
        d_step { if :: turns == t && !abandoned -> turns = t + 1; abandoned = true; won = true :: else fi };
#endif
        if :: won -> wake() :: else fi
    :: else
    fi;
    d_step { won = false; o = 0 }
}

/* Uses now, ct, cs, seat, was of its process. */
inline sit(me)
{
    seat = 0;
    do
    :: seat < SEATS -> skip; d_step { if :: seats[seat] == 0 -> seats[seat] = me; was = true :: else fi };
        if :: was -> break :: else -> seat++ fi
    :: else -> break
    od;
    if
    :: !was ->
        seat = 0;
        do
        :: seat < SEATS ->
            if
            :: seats[seat] == VICTIM && died ->
#if BROKEN != 4
                d_step { now = turns; was = abandoned };
                d_step { ct = taken_turn; cs = taken_seat };
                if :: !was && ct == now && cs == seat -> look(now, cs) :: else fi;
                was = false;
#endif
                skip;
                d_step { if :: seats[seat] == VICTIM -> seats[seat] = me; was = true :: else fi }
            :: else
            fi;
            if :: was -> break :: else -> seat++ fi
        :: else -> break
        od
    :: else
    fi;
    skip; /* spin lets no jump end at a d_step */
    d_step { was = false; now = 0; ct = 0; cs = 0 }
}

/* Until taken, or abandoned: then mine is false. Uses now, ct, cs, was, v, mine, o, won of its process. */
inline take(me)
{
    mine = false;
    do
    ::  true;
        d_step { now = turns; was = abandoned };
        d_step { ct = taken_turn; cs = taken_seat };
        if
        :: was -> break
        :: else
        fi;
        if
#if BROKEN != 1
        :: turns != now || abandoned -> skip /* not ready */
        :: turns == now && !abandoned ->
#else
        :: true ->
#endif
            if
            :: ct == now -> look(now, cs)
            :: else ->
                v = record[now % 2];
#if BROKEN == 2
                d_step { taken_turn = now; taken_seat = seat; holder = me; mine = true }
#else
                d_step {
                    if
                    :: taken_turn == ct && taken_seat == cs ->
                        taken_turn = now; taken_seat = seat; holder = me; mine = true
                    :: else
                    fi
                }
#endif
            fi
        fi;
        if :: mine -> break :: else fi;
        /* arming looks, too */
        d_step { ct = taken_turn; cs = taken_seat };
        if :: turns == now && ct == now -> look(now, cs) :: else fi;
        d_step { if :: turns == now && !abandoned -> asleep[me] = true :: else fi };
        atomic { if :: !asleep[me] :: asleep[me] && SAFETY && !again[me] -> asleep[me] = false; again[me] = true fi };
        d_step { ct = 0; cs = 0 }
    od;
    skip;
    d_step { was = false; ct = 0; cs = 0 }
}

inline hold(me)
{
    d_step { assert(inside == 0); inside++; assert(v == now) };
    if :: me == VICTIM :: me != VICTIM -> assert(holder == me) fi;
    inside--
}

/* Uses now, was of its process. */
inline give(me)
{
#if BROKEN == 5
    wake();
#endif
#if BROKEN != 7
    record[(now + 1) % 2] = now + 1;
#endif
    d_step { if :: turns == now && !abandoned -> turns = now + 1; holder = 0; was = true :: else fi };
    assert(was);
#if BROKEN == 7
    record[now % 2] = now + 1;
#endif
#if BROKEN != 5
    wake();
#endif
    d_step { was = false; now = 0; v = 0 }
}

inline take_turns(me, count)
{
    sit(me);
    if
    :: seat < SEATS ->
        do
        :: count > 0 ->
            take(me);
            if :: mine -> hold(me); give(me) :: else -> break fi;
            count--
        :: else -> break
        od;
        skip;
        d_step { mine = false; now = 0; v = 0; count = 0 };
        seats[seat] = 0
    :: else
    fi;
    seat = 0
}

proctype party(byte me; byte count)
{
    byte now, ct, cs, v, o, seat;
    bool mine, was, won;
    take_turns(me, count)
}

proctype victim()
{
    byte now, ct, cs, v, o, seat, count = 1;
    bool mine, was, won;
    {
        take_turns(VICTIM, count)
    } unless {
        kill_now -> d_step { died = true; kill_now = false; asleep[VICTIM] = false }
    }
}

proctype killer()
{
    if :: kill_now = true :: skip fi
}

init
{
    atomic {
        run party(1, 2);
        run party(2, 1);
        run victim();
        run killer()
    }
    _nr_pr == 1;
    assert(!abandoned || (died && holder == VICTIM));
    assert(holder == 0 || (died && holder == VICTIM))
}
