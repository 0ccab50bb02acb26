desk-you = You, your queues, your day
desk-you-are = You are
desk-next = then: { $state }
desk-forced = by { $who }, { $at }
desk-station = at { $station }
desk-log-in = Start work
desk-log-out = End work
desk-log-out-sure = End work? A call in hand goes on to its end; after it you are away.
desk-ready = Ready
desk-break = Break
desk-break-after = Break after this call
desk-break-reason = Reason of the break
desk-queues = Your queues
desk-queues-empty = Your queues appear here when you have started work.
desk-day = Your day
desk-day-away = Your figures cannot be read just now.
desk-no-call = No call in hand. When one comes, who calls and what they keyed stands here before you pick up.
desk-keys-hint = Keys: ? shows them all
answered = Answered
handling = Average handling
logged-in-for = Logged in
on-break-for = On break
waited = waited
why-me = you:
why-longest-idle =
    { $n ->
        [one] the only one free
       *[other] idle longest of { $n } free
    }
why-fewest-calls =
    { $n ->
        [one] the only one free
       *[other] fewest calls of { $n } free
    }
why-least-talk-time =
    { $n ->
        [one] the only one free
       *[other] talked least of { $n } free
    }
why-most-skilled =
    { $n ->
        [one] the only one free
       *[other] most skilled of { $n } free
    }
why-round-robin =
    { $n ->
        [one] the only one free
       *[other] rung longest ago of { $n } free
    }
why-fixed-order =
    { $n ->
        [one] the only one free
       *[other] first in order of { $n } free
    }
why-weighted-random =
    { $n ->
        [one] the only one free
       *[other] drawn by lot from { $n } free
    }
why-preferred = the caller knows you
why-ring-several = one of several phones; the first to answer talks
why-ring-all = all phones ring; the first to answer talks
why-passed-on = { $by } passes this caller on to you
why-together =
    { $n ->
        [one] one more phone rings
       *[other] { $n } more phones ring
    }
why-first-in-queue =
    { $n ->
        [one] you came free
       *[other] you came free; first of { $n } waiting
    }
note = Note
note-hint = Saved as you type
note-none = Notes about a call are written here while you talk and wrap up.
note-saved = saved { $at }
note-not-saved = not saved yet: trying again
note-newer = a newer note is saved already
disposition = Disposition
end-call = End call
end-wrap-up = Done
answer = Answer
answer-at-phone = Pick up at your phone
answer-key-one = Pick up your telephone and press 1: that takes the call
answer-key-one-now = Press 1 on your telephone to take the call
caller-away = What is known of this caller cannot be read just now.
caller-customer = Customer
caller-no-name = no name yet
caller-new-case = New case
caller-case = Case { $number }
caller-call = Call
caller-nothing-before = Nothing before this call.
caller-unknown = Nobody is known by this number
caller-several = Several are known by this number: who is it?
caller-new-customer = New customer
hold = Hold
retrieve = Take back
pass-on = Pass on
pass-on-to = Pass the caller on to
pass-on-to-whom = Choose one to pass the caller on to.
pass-on-nobody = You talk with nobody just now.
pass-close = Close
pass-agents = Idle now
pass-no-agents = Nobody else is idle just now.
pass-more =
    { $n ->
        [one] and one more
       *[other] and { $n } more
    }
pass-queues = Queues
pass-queue-has = { $waiting } waiting, { $free } free
pass-queue-nobody = nobody logged in
pass-step = Step of the dialplan
outcome-open = in progress
dial = Dial
dial-number = Number to call
dial-cancel = Cancel
dial-stage-you = Pick up your phone: then the number is called
dial-stage-rings = It rings at the other end
dial-stage-talking = You talk with the number you dialled
dial-stage-over = You dialled this number
disposition-owed = Choose a disposition: wrap-up ends after that.
answers-by-itself = Your phone picks up by itself.
later = Call back
later-15 = in 15 minutes
later-60 = in an hour
later-120 = in 2 hours
later-240 = in 4 hours
later-1440 = tomorrow at this time
later-promise = Promise
desk-pin = Your PIN for phones that are not yours
answer-by-tone = A tone, and the caller is there
desk-line-rings = Your phone is called for your line: pick it up and leave it off the hook.
desk-line-asked = Press 1 on your telephone to hold your line open.
desk-line-down = Your line is down. It is called again by itself; if it was not picked up several times, say that you are ready.
desk-serves = For centre { $centre }
desk-call-of = A call of centre { $centre }
desk-call-of-hint = Notes and dispositions go to that centre.
