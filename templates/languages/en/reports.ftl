report-title = Queue by interval
report-all-queues = All queues
report-from = From
report-to = To
report-width = Interval
report-quarter = 15 minutes
report-half = 30 minutes
report-hour = 60 minutes
report-day = day
report-month = month
report-view = Counts
report-formula = Service level
report-show = Show
report-print = Print
report-not-a-day = A day is written as 2026-03-02. Today is shown.
report-backwards = The last day is before the first. Today is shown.
report-too-many = That is more intervals than one report holds: fewer days, or wider intervals. Today is shown.
report-as-of = as of { $at }
report-remaking = The records are being made anew from the facts: the newest calls are not in this report yet.
report-unbalanced =
    { $n ->
        [one] One row does not balance. It is marked, and written to the log: tell your admin.
       *[other] { $n } rows do not balance. They are marked, and written to the log: tell your admin.
    }
report-chart = Calls and service level by interval
report-key-answered = answered
report-key-lost = not answered
report-key-waits = still waiting
report-key-level = service level
report-came = came
report-went = became of them
report-apart = counted apart
report-rates = shares and times (of the calls that came in the interval)
report-interval = Interval
report-total = Total
report-level = service level
report-target = T = { $seconds } s
report-own-targets = T: each queue's own target
report-rate = connection rate
report-speed = speed of answer
report-handle = handle time
report-longest = longest wait
report-rate-is = answered by a person / asked for a person. Calls that never came to a queue are counted apart.
report-speed-is = wait of the answered / answered, in minutes and seconds
report-handle-is = (talk + hold + wrap-up) / handled, in minutes and seconds
report-longest-is = of the calls that came in the interval and have left the queue
report-before = Never came to a queue (not in any figure above):
report-refused = refused
report-transferred-out = sent to a number outside
report-left-in-dialplan = hung up in the menu
report-ended-by-us = ended by the menu
report-ended-unseen = ended unseen
report-noughts = Columns with nothing in them in the whole period are left out.
report-columns =
    { $n ->
        [one] { $n } column of counts; each number opens to its calls.
       *[other] { $n } columns of counts; each number opens to its calls.
    }
report-back = Back to the report
report-calls =
    { $n ->
        [one] one call
       *[other] { $n } calls
    }
report-no-calls = No call is counted here.
report-joined = Joined the queue
report-waited = Waited
report-became = Became
report-agent = Answered by
report-more = More
stay-waits = still waiting
stay-connected = answered
stay-abandoned = abandoned
stay-waited = overflowed
stay-moved = moved out
stay-called-back = turned into call-back
stay-ended-by-us = ended by us
stay-ended-unseen = ended unseen
stay-full = turned away: full
stay-nobody = turned away: nobody logged in
print-by = printed by { $who }, { $at }
print-page = page{" "}
print-of = {" "}of{" "}
print-end = {""}
figure-carried-over = waiting when the interval began
figure-offered = came to this queue first
figure-moved-in = came from another queue, or once more
figure-answered = caller and agent heard each other
figure-abandoned = hung up while waiting; short abandons are apart
figure-overflowed = led on by a rule of the step, having waited
figure-moved-out = led on otherwise
figure-called-back = left the place for a promise to be called; no abandon
figure-ended-by-us = we hung up
figure-ended-unseen = ended while the controller was away: the instant is unknown
figure-still-waiting = waiting when the interval ended; counted by when they came: waiting now
figure-short-abandoned = hung up within 5 s: neither offered nor abandoned
figure-full = the queue was full: never stood in it
figure-nobody-logged-in = nobody was logged in: never stood in it
figure-answered-in-target = answered within T
figure-abandoned-in-target = abandoned within T
figure-called-back-in-target = turned into call-back within T
figure-handled = answered, conversation and wrap-up over
figure-passed-on = went on to another queue, which counts them again
figure-left = left the queue, whatever the way
report-owed = Call-backs
report-owed-after = kept after
report-owed-longest = longest
report-owed-is = Call-backs balance by themselves: carried over + promised = kept + not reached + taken back + waited again + expired + still owed. Kept after: from when the place counted, that is since the caller joined the queue or since the hour that was promised, until both heard each other.
