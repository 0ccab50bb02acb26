emergency = Emergency messages
emergency-on = Emergency message on
emergency-off = { $n ->
    [one] { $n } message that can be switched on
   *[other] { $n } messages that can be switched on
}
emergency-since = since { $at }, switched on by { $by }
emergency-until = , until { $at }
emergency-numbers = only { $numbers }
emergency-why = Why
emergency-minutes = For minutes (empty: until it is switched off)
emergency-switch-on = Switch on
emergency-switch-off = Switch off
emergency-on-sure = Switch on { $message }? From now on every caller hears it first.
emergency-off-sure = Switch off { $message }?
emergency-minutes-wrong = Minutes are a whole number from 1 to 1440, or nothing.
