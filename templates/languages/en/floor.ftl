floor-wrong = What is wrong
floor-nothing-wrong = Nothing is wrong: nobody waits past a target, every switch is in reach, the records are written.
floor-wrong-superseded = Another controller (start { $n }) has taken over: this page shows what was.
floor-wrong-shedding = New calls are left to the switch: the journal can take no more.
floor-wrong-journal-slow = The journal's disk is slow.
floor-wrong-journal-full = The journal's disk is full: make room now. Calls go on, what happens is kept in memory.
floor-wrong-journal-failing = The journal's disk gives errors. Calls go on, what happens is kept in memory.
floor-wrong-journal-lost =
    { $n ->
        [one] The journal has lost an entry.
       *[other] The journal has lost { $n } entries.
    }
floor-wrong-database-away = The database is away: lists and figures of today wait for it. Calls go on.
floor-wrong-database-stuck = The database refuses what happened: lists and figures of today stand still. Calls go on.
floor-wrong-switch = out of reach
floor-wrong-nobody =
    { $n ->
        [one] one caller waits and nobody is logged in
       *[other] { $n } callers wait and nobody is logged in
    }
floor-wrong-late =
    { $n ->
        [one] one waiting, past the target
       *[other] { $n } waiting, the longest past the target
    }
floor-wrong-late-none =
    { $n ->
        [one] one waiting, past the target, nobody idle
       *[other] { $n } waiting, the longest past the target, nobody idle
    }
floor-wrong-missed = missed a call
floor-wrong-busy = phone busy or out of reach
floor-figures = Figures
floor-waiting-now = waiting now
floor-longest = longest
floor-nobody-waits = nobody waits
floor-idle = agents idle
floor-of-logged-in = of { $n } logged in
floor-level = in target
floor-percent = { $n } %
floor-level-formula = answered within the queue's target ÷ all whose wait is over
floor-asked = asked for a person
floor-since = since { $at }, { $zone }
floor-as-of = The figures of today are of { $at }: the database is behind.
floor-answered = answered
floor-abandoned = abandoned
floor-rest = { $otherwise } ended otherwise, { $unanswered } not answered yet
floor-abandoned-share = { $n } % of those who asked
floor-today = today
floor-today-away = The figures of today cannot be read just now.
floor-queues = Queues
floor-queues-formula = today · offered = answered + abandoned + elsewhere + waiting · in target = answered in target ÷ (offered − waiting)
floor-queues-empty = The queues of the centre's YAML appear here.
floor-idle-of = Idle / there
floor-in-target-short = In target
floor-in-target = target { $target }
floor-offered = Offered
floor-elsewhere = Elsewhere
floor-agents = Agents
floor-agents-empty = Agents appear here when they start work. An admin adds them under People.
floor-states = Agents by state
floor-there = on the floor
floor-all-queues = all queues
floor-show = Show
floor-wall = For the wall
floor-wall-leave = Leave
floor-back = Back to the floor
floor-call = Call in hand
floor-station = Station
floor-skills = Skills
floor-their-calls = calls answered
floor-why = Why (kept with the record)
floor-why-hint = may be left empty
floor-make-ready = Make ready
floor-end-wrap-up = End wrap-up
floor-break = Send on break
floor-break-after = Break after this call
floor-log-out = Log out
floor-log-out-sure = Log this agent out? A call in hand goes on to its end.
floor-owes = The disposition of the call is not written yet. Whoever ends the wrap-up without it says why.
floor-owed =
    { $n ->
        [one] 1 call-back
       *[other] { $n } call-backs
    }
floor-waiting = Who waits
floor-waiting-hint = in the order of their places · expected by how fast the queue was answered of late
floor-expected-minutes = about { $n } min
floor-expected-unknown = not known yet
floor-waiting-more =
    { $n ->
        [one] one more waits
       *[other] { $n } more wait
    }
