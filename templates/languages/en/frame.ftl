skip-to-content = Skip to the content
nav-label = Main
nav-desk = Desk
nav-floor = Floor
nav-calls = Calls
nav-customers = Customers
nav-cases = Cases
nav-reports = Reports
nav-people = People
nav-configuration = Configuration
nav-audit = Audit
role-agent = agent
role-supervisor = supervisor
role-admin = admin
live = live
not-live = not live
connecting = connecting
stale = This page is not live: the connection is lost. What you see may be old; it comes back by itself.
menu = Language, look, log out
language = Language
look = Look
look-light = Light
look-dark = Dark
look-machine = As the machine
log-in = Log in
log-out = Log out
log-in-name = Name
log-in-password = Password
log-in-wrong = The name or the password is not right.
log-in-wait =
    { $n ->
        [one] Too many wrong passwords. Try again in a second.
       *[other] Too many wrong passwords. Try again in { $n } seconds.
    }
log-in-busy = Many people are logging in just now. Try again in a moment.
centre = Centre
queue = Queue
waiting = Waiting
waiting-people = { $n } waiting
longest-wait = Longest
state-away = away
state-idle = idle
state-ringing = ringing
state-talking = talking
state-on-hold = on hold
state-dialling = dialling
state-talking-out = talking out
state-wrapping-up = wrapping up
state-on-break = on break
state-missed = missed a call
state-phone-busy = phone busy
state-elsewhere = at another centre
state-phone-away = phone cannot be reached
state-no-line = line not up
missed-no-answer = not picked up
missed-busy = the phone was busy
missed-rejected = rejected
missed-unreachable = the phone could not be reached
missed-until = rung again at { $at }
missed-until-ready = rung again after Ready
missed-in-a-row =
    { $n ->
        [one] once in a row
       *[other] { $n } times in a row
    }
break-taken = Break
