people-pages = People
people-skills = Skills
people-stations = Stations
people-find-name = Name, or part of it
people-any = any
people-find = Find
people-everybody = Everybody
people-skill = Skill
people-now = Now
people-all =
    { $n ->
        [one] 1 person
       *[other] { $n } people
    }
people-found = { $n } of { $all } people
people-none-such = Nobody is like that. Ask for less, or for everybody.
people-more = More
people-removed = Taken out. What they did stays in the records.
person-new = Add somebody
person-name = Login name
person-name-hint = 1 to 64 characters; it cannot be changed later.
person-name-wrong = A login name has 1 to 64 characters that can be seen, no blank at either end, and not @ and a centre's name as its end.
person-name-taken = Somebody has this login name already.
person-display-name = Name
person-display-name-hint = What others see.
person-display-name-wrong = A name has 1 to 100 characters that can be seen.
person-role = Role
person-role-hint = Supervisors see the floor, calls and reports; admins change people and configuration too.
person-role-wrong = Choose a role.
person-role-of-oneself = You cannot take the role of an admin from yourself. Another admin can.
person-last-admin = This is the last admin who can log in. Make somebody else an admin first.
person-station = Station
person-station-hint = Their phone as the switch dials it. A mobile or landline is written as in the example, and takes a call with its key 1. With held: before it, as held:PJSIP/1001, it is called once at log-in and stays up: calls come over it after a tone. It counts from the next login on. Empty: none. Example:
person-auto-answer = Answers by itself
person-auto-answer-hint = Whether the phone is asked to pick up by itself. It counts from the next login on, and over what the queue says.
person-auto-answer-queue = As the queue says
person-auto-answer-yes = Yes, for every queue
person-auto-answer-no = No, for no queue
person-station-wrong = A station is one address on the switch, as PJSIP/1001 or user/1001; or a telephone outside: tel: and its number, as tel:+8613800138000.
person-switch = Switch
person-switch-wrong = Say which switch the station is on.
person-queues = Queues
person-queues-none = The configuration has no queues.
person-queues-too-many = Nobody can be in more than 64 queues.
person-queue-wrong = The configuration has no such queue any more. Look at the list again.
person-queue-gone = not in the configuration any more
person-password-new = New password
person-password-hint = At least 8 characters. Without one nobody logs in under this name.
person-password-stays = Left empty, the password stays as it is. A new one ends all their sessions at once.
person-password-has-none = There is none: nobody logs in under this name.
person-password-none = Take the password away: nobody logs in under this name, and all their sessions end
person-password-length = A password has at least 8 characters, and at most 1024 bytes.
person-password-unseen = A password holds no control characters.
person-password-both = Either a new password, or none.
person-password-of-oneself = You cannot take your own password away.
person-no-password = no password
person-oneself = this is you
person-add = Add
person-save = Save
person-cancel = Back to the list
person-remove = Take out…
person-added = Added.
person-saved = Saved.
person-saved-at-once = Saved. The queues hold at once.
person-saved-at-login = Saved. The queues hold from the next login on.
person-saved-not-told = Saved. The floor could not be told: the queues hold from the next login on.
person-mistakes =
    { $n ->
        [one] Nothing was saved yet: one field is not right.
       *[other] Nothing was saved yet: { $n } fields are not right.
    }
person-seen-otherwise = Somebody else has changed this person meanwhile, and nothing of yours was saved. What stands there now is below; save once more to have it your way.
person-skills-change = Change skills
person-skills-none = None yet.
removal-title = Take somebody out?
removal-log-in = They cannot log in any more, and all their sessions end at once.
removal-phone = If they are at work, they are logged out of their phone; a conversation goes on to its end.
removal-stays = What they did stays in the records and reports, under their login name.
removal-yes = Yes, take out
removal-no = No, back
removal-of-oneself = You cannot take yourself out. Another admin can.
removal-seen-otherwise = Somebody else has changed this person meanwhile. Nothing was done. Look again, and say once more what you want.
skills-hint = Levels 1 to 10; empty for none. Saved as typed. Arrow keys move, Escape brings back; a column can be pasted from a spreadsheet.
skills-none = The configuration names no skills yet: write them under "skills" in the YAML, and read it again.
skills-gone = not in the configuration any more
skills-cell-wrong = A level is 1 to 10, or empty for none. Nothing was saved.
skills-skill-gone = The configuration has no such skill any more. Load the page again.
skills-failed = Not saved yet: trying again.
skills-saved-one = { $agent }: { $skill } saved
skills-saved-none = { $agent }: { $skill } taken away
skills-saved-many =
    { $n ->
        [one] 1 level saved
       *[other] { $n } levels saved
    }
skills-not-saved =
    { $n ->
        [one] 1 was changed by somebody else meanwhile; what stands there is shown
       *[other] { $n } were changed by somebody else meanwhile; what stands there is shown
    }
holds-at-once =
    { $n ->
        [one] holds at once
       *[other] holds at once for { $n }
    }
holds-at-login =
    { $n ->
        [one] holds from the next login on
       *[other] holds from the next login on for { $n }
    }
holds-not-told =
    { $n ->
        [one] the floor could not be told: it holds from the next login on
       *[other] the floor could not be told of { $n }: it holds from the next login on
    }
stations-at-home = Sits here
stations-now = In use now
stations-since = Since
stations-nobody = nobody
stations-is-doubled = doubled
stations-doubled =
    { $n ->
        [one] 1 station is given to more than one person: only one of them can log in there at a time.
       *[other] { $n } stations are given to more than one person: only one of them can log in there at a time.
    }
stations-guest = sits elsewhere by default
stations-switch-gone = not in the configuration any more
stations-none = No phones yet. Give somebody a station on their page, or log in at one: it appears here.
stations-without =
    { $n ->
        [one] 1 person without a station
       *[other] { $n } people without a station
    }
stations-without-hint = They cannot start work at the page.
pin = PIN
pin-keypad = At a keypad
pin-keypad-hint = By number and PIN they log in from a phone that is not their station. The phone is theirs until they log out.
pin-number = Agent number
pin-number-hint = 1 to 8 digits, as on their badge.
pin-number-wrong = An agent number has 1 to 8 digits.
pin-number-taken = Somebody else has this number.
pin-new = New PIN
pin-hint = 4 to 8 digits. It is shown to nobody.
pin-length = A PIN has 4 to 8 digits.
pin-simple = Everybody tries such a PIN first: not one digit over and over, nor digits in their order.
pin-give = Save number and PIN
pin-none = Take both away
pin-own = Your PIN
pin-saved = Saved. The new PIN counts from now on.
pin-back = Back to the desk
pin-no-number = You have no agent number yet. An admin gives you one.
people-loans = Lent queues
loans-lent = Lent to people of other centres
loans-lent-hint = They serve these queues as our own people do. When they work, and at which phone, their own centre says.
loans-none-lent = Nothing is lent. Name an agent of another centre below, and the queues that they shall serve.
loans-ours = Our people who serve other centres
loans-ours-hint = While they are on a call of another centre nobody rings them here.
loans-none-ours = None of our people serves another centre. When one of them is lent queues, it stands here and can be declined.
loan-agent = Agent
loan-centre = Centre
loan-since = Since
loan-by = By
loan-why = Why (kept with it)
loan-new = Lend queues
loan-lend = Lend
loan-end = Take back
loan-decline = Decline
loan-nobody = Write whom: name@centre.
loan-level = Levels of a skill are 1 to 10.
