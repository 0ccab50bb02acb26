//! What every switch driver promises, as scenarios that are written once and run against each switch there is.
//!
//! A scenario knows the port (`cordboard::switch`) and a [`world::World`]: the switch with callers and phones
//! around it. To hold a further switch to the same scenarios, implement `World` for it and add one
//! `every_scenario!` line below. A scenario's name is the promise.

mod asterisk;
mod controller;
mod figures;
mod proxy;
mod rehearsal;
mod scenarios;
mod sound;
mod world;

#[path = "../live/parts/mod.rs"]
mod parts;
#[path = "../phones/mod.rs"]
mod phones;

use world::World;

/// Hands the list of all scenarios to the macro named.
macro_rules! every_scenario {
    ($go:ident) => {
        $go! {
            arrival: a_caller_arrives_with_their_number_and_the_one_they_called;
            arrival: an_answered_caller_is_up_and_an_answer_twice_harms_nothing;
            arrival: who_calls_from_a_phone_of_the_switch_arrives_with_its_station;
            arrival: a_hostile_name_arrives_bounded_and_harmless;
            arrival: fifty_calls_at_once_all_arrive_and_all_end;
            hearing: a_prompt_comes_back_done_when_it_has_ended;
            hearing: a_prompt_that_is_cut_comes_back_done_at_once;
            hearing: a_prompt_cut_by_its_callers_end_comes_back_all_the_same;
            hearing: a_prompt_that_is_not_there_is_refused_and_the_caller_stays;
            hearing: keys_are_told_while_a_prompt_plays;
            hearing: keys_are_told_while_music_plays;
            hearing: an_announcement_cut_short_gives_the_music_back_and_the_agent_right_behind_it;
            hearing: a_prompt_that_outlasts_its_deadline_comes_back_unknown_then;
            ringing: a_phone_rings_is_picked_up_and_both_hear_each_other;
            ringing: a_phone_that_nobody_picks_up_fails_as_no_answer;
            ringing: a_busy_phone_fails_as_busy;
            ringing: a_phone_that_rejects_fails_as_rejected;
            ringing: a_station_that_nobody_knows_fails_as_unreachable;
            ringing: a_phone_that_rings_can_be_withdrawn;
            ringing: a_phone_withdrawn_right_behind_its_ring_does_not_ring_on;
            ringing: a_phone_that_is_told_to_pick_up_does_and_both_hear_each_other;
            ringing: a_phone_that_does_not_understand_it_rings_on_and_is_picked_up_by_hand;
            ringing: a_phone_that_does_not_ring_is_not_picked_up;
            ringing: a_phone_that_is_asked_to_picks_up_by_itself_and_one_that_does_not_know_how_rings_on;
            several: of_three_phones_that_ring_the_first_has_the_caller_and_the_others_stop_at_once;
            several: of_two_phones_picked_up_at_once_one_has_the_caller_and_the_other_is_hung_up;
            outside: a_telephone_outside_is_asked_for_a_key_while_the_caller_waits_on_and_is_joined_by_it;
            outside: a_telephone_outside_where_no_key_is_pressed_is_hung_up_and_the_next_phone_rings;
            outside: a_telephone_outside_that_is_asked_is_found_by_a_new_controller_and_asked_again;
            phones: a_private_call_is_told_when_it_begins_and_when_it_ends;
            phones: a_phone_that_comes_and_goes_is_told_as_out_of_reach_while_it_is_away;
            phones: a_phone_that_talks_with_our_caller_is_free_when_that_is_over;
            phones: a_new_controller_knows_of_a_private_call_before_it_knows_of_any_caller;
            dialling: a_number_that_is_dialled_is_answered_and_both_hear_each_other;
            dialling: an_agent_who_hangs_up_a_dialled_call_leaves_the_number_to_us;
            dialling: a_number_that_is_busy_fails_as_busy;
            dialling: a_number_that_refuses_fails_as_rejected;
            dialling: a_number_that_nobody_answers_fails_as_no_answer;
            dialling: an_agent_who_hangs_up_while_it_rings_outside_leaves_the_ring_to_be_withdrawn;
            dialling: an_agent_hanging_up_as_a_number_answers_strands_nobody;
            dialling: a_dialled_call_is_found_whole_by_a_new_controller;
            dialling: a_number_that_rings_when_its_controller_dies_is_answered_to_the_next;
            dead_man: a_number_that_answers_to_a_dead_controller_is_let_go_and_so_is_the_agent;
            dead_man: an_agents_phone_that_answers_to_a_dead_controller_is_let_go;
            dead_man: a_phone_that_answers_long_after_its_controllers_death_is_let_go_at_once;
            dead_man: a_phone_rings_for_a_dead_controller_no_longer_than_for_the_dead_man;
            dead_man: those_who_talk_when_their_controller_dies_talk_on_and_are_found;
            dead_man: who_is_left_of_a_conversation_when_its_controller_is_dead_is_let_go;
            dead_man: a_caller_who_comes_to_a_dead_controller_is_taken_by_the_switch;
            dead_man: a_dialled_conversation_has_its_end_though_its_controller_is_dead;
            dead_man: a_dial_that_rings_and_talks_for_longer_lives_as_long_as_a_controller_does;
            talking: a_caller_connected_while_a_prompt_plays_hears_the_agent;
            talking: a_prompt_that_a_connect_overtook_is_not_heard_when_the_caller_is_back;
            talking: a_caller_whose_agent_hangs_up_is_parted_and_alive;
            talking: an_agent_whose_caller_hangs_up_is_parted_or_gone;
            talking: an_agent_in_hand_takes_one_caller_after_another;
            talking: a_leg_that_is_hung_up_leaves_the_other_in_hand;
            talking: a_caller_on_hold_hears_music_the_agent_nothing_and_they_are_joined_again;
            talking: two_who_are_apart_already_are_parted_without_a_word;
            talking: a_parting_right_behind_a_joining_parts_and_one_right_before_it_joins;
            passing: a_caller_is_passed_from_agent_to_agent_and_hears_music_between;
            passing: a_phone_that_rings_already_is_joined_with_a_caller_who_is_passed_on_to_it;
            passing: a_line_that_is_held_open_stays_when_its_caller_is_passed_on_and_takes_the_next;
            passing: a_caller_on_hold_is_passed_on_and_hears_music_throughout;
            passing: a_caller_is_passed_on_to_a_number_and_hears_it_ring;
            passing: a_caller_who_hangs_up_as_they_are_passed_on_leaves_nobody_behind;
            transferring: a_caller_hears_the_emergency_message_first_and_chooses_in_the_menu_behind_it;
            transferring: a_caller_is_transferred_out_and_both_hear_each_other;
            transferring: a_transferred_caller_who_hangs_up_leaves_the_number_to_us;
            transferring: a_caller_who_hangs_up_while_it_rings_outside_leaves_the_ring_to_be_withdrawn;
            transferring: a_caller_whose_number_outside_is_busy_goes_on_with_the_next_step;
            transferring: a_caller_whose_number_outside_nobody_answers_goes_on_with_the_next_step;
            transferring: a_transferred_call_is_found_whole_by_a_new_controller;
            races: whoever_hangs_up_into_a_parting_strands_nobody;
            races: a_caller_who_leaves_while_waiting_is_told_once;
            races: a_caller_who_leaves_while_a_phone_rings_leaves_the_phone_to_us;
            races: a_caller_who_leaves_between_pick_up_and_connect_leaves_the_agent_in_hand;
            races: a_race_of_abandon_and_pick_up_strands_nobody;
            races: a_caller_hanging_up_into_a_connect_strands_nobody;
            races: an_agent_hanging_up_into_a_connect_strands_nobody;
            races: a_hang_up_of_a_leg_that_never_was_is_refused_as_gone;
            races: a_connect_with_a_leg_that_is_gone_is_refused_and_the_other_stays;
            recovery: a_caller_on_hold_is_found_in_hand_by_a_new_controller_and_joined_again;
            recovery: tags_are_read_back_in_a_snapshot;
            recovery: a_look_finds_who_lives_and_misses_who_does_not;
            recovery: a_lost_link_costs_no_call_and_the_snapshot_tells_all;
            recovery: a_new_controller_finds_every_call_of_the_last_one;
            recovery: orders_in_flight_when_the_link_breaks_come_back_unknown;
            recovery: a_caller_who_leaves_while_the_link_is_lost_is_not_in_the_snapshot;
        }
    };
}

macro_rules! on_the_rehearsal_switch {
    ($($part:ident: $name:ident;)*) => {
        mod rehearsal_switch {
            $(
                #[tokio::test(start_paused = true)]
                async fn $name() {
                    // Chance decides delays and faults here: a few days rather than one.
                    for seed in 1..=8 {
                        // The last one that is told is the one that failed.
                        eprintln!("seed {seed}");
                        let world = super::rehearsal::Rehearsed::start(seed).await;
                        super::play(world, async |world| super::scenarios::$part::$name(world).await).await;
                    }
                }
            )*
        }
    };
}

every_scenario!(on_the_rehearsal_switch);

macro_rules! on_asterisk {
    ($($part:ident: $name:ident;)*) => {
        mod asterisk_switch {
            /// All of them in one test: a few switches, each with a part of the scenarios, cost less than one switch
            /// for each scenario, and leave the other tests their slots.
            #[test]
            #[ignore = "needs Asterisk: ./ops/test"]
            fn every_scenario_holds_on_asterisk() {
                super::asterisk::play_all(vec![
                    ("what_a_phone_shows_of_a_hostile_name_is_harmless", |lane| {
                        lane.play(super::asterisk::what_a_phone_shows_of_a_hostile_name_is_harmless)
                    }),
                    ("a_new_controller_is_heard_though_a_prompt_of_the_last_one_plays", |lane| {
                        lane.play(super::asterisk::a_new_controller_is_heard_though_a_prompt_of_the_last_one_plays)
                    }),
                    ("the_first_of_two_phones_talks_both_ways_and_the_other_is_told_that_it_was_answered_elsewhere", |lane| {
                        lane.play(
                            super::sound::the_first_of_two_phones_talks_both_ways_and_the_other_is_told_that_it_was_answered_elsewhere,
                        )
                    }),
                    ("who_presses_the_key_outside_talks_both_ways_with_a_caller_who_heard_music_until_then", |lane| {
                        lane.play(
                            super::sound::who_presses_the_key_outside_talks_both_ways_with_a_caller_who_heard_music_until_then,
                        )
                    }),
                    $((stringify!($name), |lane| {
                        lane.play(async |world| super::scenarios::$part::$name(world).await)
                    }),)*
                ]);
            }
        }
    };
}

every_scenario!(on_asterisk);

/// Plays one scenario, and then asks whether the driver has kept its word throughout.
async fn play<W: World>(mut world: W, scenario: impl AsyncFnOnce(&mut W)) {
    scenario(&mut world).await;
    world.controller().has_heard_only_what_was_promised().await;
}
