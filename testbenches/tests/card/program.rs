//! The driver program with a simulated card, from its command line on.

use super::rig::{card, options, socket};
use std::ffi::OsString;
use stevedore_driver::program::run;
use stevedore_testbenches::bench::{ENGINE, PEER};
use stevedore_testbenches::sessions::{fetch, http_server, Pattern, Uploads};

const FILE: Pattern = Pattern { seed: 7, length: 100_000 };

fn words(text: &str) -> Vec<OsString> {
    text.split(' ').map(OsString::from).collect()
}

fn bytes() -> Vec<u8> {
    let mut bytes = vec![0; FILE.length as usize];
    FILE.fill(0, &mut bytes);
    bytes
}

#[test]
fn probe_fetch_and_bench_work_and_the_file_is_right() {
    let options = options();
    let _card = card(&options, |peer| peer.serve(8080, 4, || http_server(FILE, Uploads::default())));
    let (way, output) = (options.socket.display(), socket());
    run(words(&format!("stevedore probe --device vfio-user:{way}"))).expect("probe");
    let network = format!("--simulated --ip {ENGINE}");
    let url = format!("http://{PEER}:8080/file");
    run(words(&format!("stevedore fetch --device vfio-user:{way} {network} {url} -o {}", output.display())))
        .expect("fetch");
    assert!(std::fs::read(&output).expect("the file") == bytes());
    let _ = std::fs::remove_file(&output);
    run(words(&format!("stevedore bench --device vfio-user:{way} {network} --reads 20 --url {url}"))).expect("bench");
    run(words(&format!("stevedore trespass --device vfio-user:{way} {network} {url}"))).expect("trespass");
}

#[test]
fn listen_serves_several_clients_at_once() {
    let (options, file) = (options(), socket());
    std::fs::write(&file, bytes()).expect("written");
    let card = card(&options, |peer| {
        for number in 0..3 {
            peer.open((ENGINE, 80), 40_000 + number, fetch("engine", FILE)).expect("a client");
        }
    });
    let (way, name) = (options.socket.display(), file.display());
    run(words(&format!(
        "stevedore listen --device vfio-user:{way} --simulated --ip {ENGINE} 80 --file {name} --clients 3"
    )))
    .expect("listen");
    let counts = card.counts();
    assert!(counts.dma.read > 3 * FILE.length, "{counts:?}");
    let _ = std::fs::remove_file(&file);
}

#[test]
fn wrong_words_are_explained() {
    let explained = |text: &str, cure: &str| {
        let error = format!("{:#}", run(words(text)).expect_err("refused"));
        assert!(error.contains(cure), "{text}: {error:?} does not say {cure:?}");
    };
    explained("stevedore probe --device card", "vfio-user:SOCKET");
    explained("stevedore probe --device link:eth0", "vfio:PCI-ADDRESS");
    let fetch = "stevedore fetch --device vfio-user:/nowhere -o /dev/null";
    explained(&format!("{fetch} http://name/"), "no IPv4 address");
    explained(&format!("{fetch} http://10.9.0.2/ --netmask 255.0.255.0"), "ones must come first");
    explained(&format!("{fetch} http://10.9.0.2/ --mac 1"), "02:53:54:56:44:01");
    explained(&format!("{fetch} http://10.9.0.2/"), "start the simulated card");
}
