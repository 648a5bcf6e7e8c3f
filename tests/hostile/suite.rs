//! What is done to the node, and by whom.

/// Announcements that are none.
mod announcements;
/// Who is taken whoever they are.
mod anybody;
/// What speaks TLS and HTTP by hand, and says what no honest computer says.
mod attacker;
/// A paired computer's tasks and bytes.
mod blobs;
/// What is no film, or too much of one.
mod bombs;
/// The disk that somebody fills.
mod disk;
/// A donor that lies.
mod donor;
/// A paired computer's whole films.
mod films;
/// The node under attack, and who is honest.
mod house;
/// A paired computer's words.
mod messages;
/// The page's server.
mod page;
/// Pairing, by others than those who want it.
mod pairing;
/// What lies on a disk that somebody does not see.
mod sights;
/// Somebody in the network.
mod strangers;

/// What is done to the house.
type Attack = fn(&mut house::House);

/// Runs the attacks that the command line names, or all.
pub fn run() {
    let mut arguments = libtest_mimic::Arguments::from_args();
    // They share one node, and each is to be blamed for what it does to it.
    arguments.test_threads = Some(1);
    let house = std::sync::Arc::new(house::Lazy::default());
    let attacks: [(&str, Attack); 23] = [
        ("strangers_are_refused_everything", strangers::routes),
        ("strangers_send_too_much", strangers::too_much),
        (
            "ten_thousand_connections",
            strangers::ten_thousand_connections,
        ),
        ("slow_callers_are_not_waited_for", strangers::slow_callers),
        ("a_wrong_code_is_typed_three_times", pairing::wrong_code),
        ("a_proof_is_replayed", pairing::replayed),
        ("an_invite_is_too_old", pairing::expired),
        ("a_man_in_the_middle", pairing::in_the_middle),
        (
            "another_identity_at_a_known_address",
            pairing::other_identity,
        ),
        ("names_with_paths_controls_and_markup", pairing::names),
        ("words_beyond_the_protocol", messages::words),
        ("orders_beyond_every_bound", messages::orders),
        ("a_flood_of_orders", messages::flood),
        ("bodies_that_lie", blobs::lies),
        ("more_tasks_than_there_is_room_for", blobs::too_many),
        ("a_film_that_somebody_does_not_have", sights::not_ours),
        ("whole_films_that_nobody_means", films::not_meant),
        ("text_as_a_film", bombs::texts),
        ("pictures_that_explode", bombs::pictures),
        ("the_disk_is_filled_in_mid_upload", disk::filled),
        ("a_donor_gives_back_another_film", donor::lies),
        ("malformed_announcements", announcements::malformed),
        ("a_foreign_page", page::foreign),
    ];
    let trials = attacks.map(|(name, attack)| {
        let house = std::sync::Arc::clone(&house);
        libtest_mimic::Trial::test(name, move || {
            house.suffer(name, attack);
            Ok(())
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.into());
    drop(house);
    conclusion.exit();
}
