//! The rehearsal switch as a [`World`], with the faults that a real switch has.

use std::time::Duration;

use cordboard::calendar::Moment;
use cordboard::dialplan::Key;
use cordboard::routing::LegUp;
use cordboard::routing::ids::*;
use cordboard::switch::Sound;
use cordboard::switch::rehearsal::{
    Caller, Exchange, Faults, HANDS_LAST, Habit, Hearing, Phone, Rehearsal, Span, World as Outside,
};

use crate::controller::Controller;
use crate::world::{CALLED, Heard, OUTSIDE, PhoneDoes, World};

const PHONES: u16 = 60;

pub struct Rehearsed {
    switch: Rehearsal,
    controller: Controller,
}

impl Rehearsed {
    pub async fn start(seed: u64) -> Self {
        let name = SwitchName::new("rehearsal");
        let mut exchange = Exchange::new(name.clone(), seed);
        exchange.set_faults(Faults::REAL);
        exchange.set_sound(Sound("long".into()), Some(Duration::from_secs(10)));
        exchange.set_sound(Sound("missing".into()), None);
        let switch = Rehearsal::start(name, exchange, Moment::from_ms(1_763_798_450_123));
        let epoch = Epoch(1);
        let (link, told) = switch.link(epoch);
        let controller = Controller::new(link, told, epoch, switch.now(), Self::PATIENCE);
        let mut world = Self { switch, controller };
        for phone in 1..=PHONES {
            world.phone_does(phone, PhoneDoes::Ring).await;
        }
        assert_eq!(world.controller.snapshot().await, []);
        world
    }

    fn on_phone(&self, phone: u16) -> Option<LegId> {
        let station = self.station(phone);
        self.switch.with(|exchange| exchange.on_phone(&station))
    }

    /// Until `true`, looking each millisecond.
    async fn until(&self, what: &str, mut is: impl FnMut(&mut Exchange) -> bool) {
        let waited = tokio::time::timeout(Self::PATIENCE, async {
            while !self.switch.with(&mut is) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        assert!(waited.await.is_ok(), "waited in vain until {what}");
    }
}

impl World for Rehearsed {
    type Caller = LegId;

    const PATIENCE: Duration = Duration::from_secs(30);
    const DEAD_MAN: Duration = HANDS_LAST;

    fn controller(&mut self) -> &mut Controller {
        &mut self.controller
    }

    fn now(&self) -> Moment {
        self.switch.now()
    }

    async fn dial(&mut self, from: &str, name: &[u8]) -> LegId {
        let mut caller = Caller::new(from, CALLED);
        caller.name = CallerName::cleaned(&String::from_utf8_lossy(name));
        self.switch.happen(Outside::CallerDials(caller)).expect("a caller always gets a leg")
    }

    async fn press(&mut self, caller: &LegId, key: Key) {
        self.switch.happen(Outside::Presses { leg: caller.clone(), key });
    }

    async fn hang_up(&mut self, caller: &LegId) {
        self.switch.happen(Outside::CallerHangsUp { leg: caller.clone() });
    }

    async fn answered(&mut self, caller: &LegId) {
        self.until("the caller is answered", |exchange| exchange.leg(caller).is_some_and(|seen| seen.up == LegUp::Up))
            .await;
    }

    async fn ended(&mut self, caller: &LegId) {
        self.until("the caller's call has ended", |exchange| exchange.leg(caller).is_none()).await;
    }

    async fn alive(&mut self, caller: &LegId) -> bool {
        self.switch.with(|exchange| exchange.leg(caller).is_some())
    }

    fn station(&self, phone: u16) -> StationAddress {
        if phone >= OUTSIDE {
            return StationAddress::new(format!("rehearsal/+86138{phone:08}@trunk"));
        }
        StationAddress::new(format!("rehearsal/{}", 1000 + phone))
    }

    fn nowhere(&self) -> StationAddress {
        StationAddress::new("rehearsal/nowhere")
    }

    async fn phone_does(&mut self, phone: u16, does: PhoneDoes) {
        let habit = match does {
            PhoneDoes::Ring | PhoneDoes::RingOn => Habit::Rings,
            PhoneDoes::PickUpAfter(after) => Habit::Answers { after: Span::exactly(after), talks: None },
            PhoneDoes::SayBusy => Habit::Busy,
            PhoneDoes::RejectAfter(after) => Habit::Rejects { after: Span::exactly(after) },
        };
        let answers_when_told = does != PhoneDoes::RingOn;
        let phone_is = Phone { answers_when_told, ..Phone::with(habit) };
        self.switch.happen(Outside::PhoneSetTo { station: self.station(phone), phone: phone_is });
    }

    async fn pick_up(&mut self, phone: u16) -> bool {
        let waited = tokio::time::timeout(Duration::from_secs(1), async {
            loop {
                if let Some(leg) = self.on_phone(phone)
                    && self.switch.happen(Outside::PhonePicksUp { leg }).is_some()
                {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        waited.await.is_ok()
    }

    async fn press_at(&mut self, phone: u16, key: Key) {
        let leg = self.on_phone(phone).expect("it is picked up");
        self.switch.happen(Outside::Presses { leg, key });
    }

    async fn put_down(&mut self, phone: u16) {
        if let Some(leg) = self.on_phone(phone) {
            self.switch.happen(Outside::PhoneHangsUp { leg });
        }
    }

    async fn in_use(&mut self, phone: u16) -> bool {
        self.on_phone(phone).is_some()
    }

    async fn calls_privately(&mut self, phone: u16) {
        self.switch.happen(Outside::PhoneDialsOut { station: self.station(phone) });
    }

    async fn calls_us(&mut self, phone: u16, number: &str) -> LegId {
        let station = Some(self.station(phone));
        let caller = Caller { station, ..Caller::new(&format!("{}", 1000 + phone), number) };
        self.switch.happen(Outside::CallerDials(caller)).expect("a caller always gets a leg")
    }

    async fn ends_private_call(&mut self, phone: u16) {
        self.switch.happen(Outside::PhoneEndsOwnCall { station: self.station(phone) });
    }

    async fn plug_in(&mut self, phone: u16) {
        self.phone_does(phone, PhoneDoes::Ring).await;
        self.switch.happen(Outside::PhonePluggedIn { station: self.station(phone) });
    }

    async fn unplug(&mut self, phone: u16) {
        self.switch.happen(Outside::PhoneUnplugged { station: self.station(phone) });
    }

    fn short_sound(&self) -> Sound {
        Sound("short".into())
    }

    fn long_sound(&self) -> Sound {
        Sound("long".into())
    }

    fn no_sound(&self) -> Sound {
        Sound("missing".into())
    }

    async fn hears(&mut self, leg: &LegId, what: Heard) {
        let expected = match what {
            Heard::Silence => Hearing::Silence,
            Heard::Music => Hearing::Music,
            Heard::Prompt => Hearing::Prompt,
            Heard::Leg(other) => Hearing::Leg(other),
        };
        assert_eq!(self.switch.with(|exchange| exchange.hears(leg)), Some(expected), "{leg}");
    }

    async fn is_rung_back(&mut self, phone: u16) {
        let leg = self.on_phone(phone).expect("it is picked up");
        self.hears(&leg, Heard::Music).await;
    }

    async fn is_heard(&mut self, _one: u16, _other: u16) {}

    async fn hears_ringing(&mut self, _caller: &LegId, leg: &LegId) {
        self.hears(leg, Heard::Music).await;
    }

    async fn hears_nothing(&mut self, _caller: &LegId, leg: &LegId) {
        self.hears(leg, Heard::Silence).await;
    }

    async fn speak_with_each_other(&mut self, _caller: &LegId, _phone: u16) {}

    async fn cut_link(&mut self) {
        self.switch.happen(Outside::LinkBreaks);
    }

    async fn mend_link(&mut self) {
        self.switch.happen(Outside::LinkMends);
    }

    async fn new_controller(&mut self) {
        let epoch = Epoch(self.controller.epoch().0 + 1);
        self.controller.die();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let (link, told) = self.switch.link(epoch);
        self.controller.rise(link, told, epoch);
    }
}
