//! How fast AMI is read: bytes and frames a second, over what Asterisk sent for fifty calls.
//!
//!     cargo bench --bench ami

#[path = "../switch/asterisk/transcript.rs"]
mod transcript;

use std::hint::black_box;

use cordboard::switch::asterisk::ami::codec::Decoded;
use cordboard::switch::asterisk::ami::{Decoder, Frame};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// As much as the client reads at once.
const READ: usize = 64 * 1024;

/// As much as one segment brings on an ordinary network.
const SEGMENT: usize = 1448;

fn decode(bytes: &[u8], portion: usize, mut each: impl FnMut(&Frame)) -> u64 {
    let mut decoder = Decoder::after_the_greeting();
    let mut frames = 0;
    for mut input in bytes.chunks(portion) {
        while let Some(found) = decoder.next(&mut input) {
            if let Ok(Decoded::Frame(frame)) = found {
                frames += 1;
                each(&frame);
            }
        }
    }
    frames
}

/// What the driver asks of an ordinary event.
fn look(frame: &Frame) {
    black_box(frame.kind());
    for name in ["ActionID", "Uniqueid", "Linkedid", "Channel", "ChannelState", "Cause"] {
        black_box(frame.get(name));
    }
}

fn reading(criterion: &mut Criterion) {
    let calls = transcript::from_asterisk("fifty_calls.txt").remove("c1").expect("a connection").concat();
    let greeting = calls.iter().position(|byte| *byte == b'\n').expect("a greeting") + 1;
    let bytes = calls[greeting..].repeat(16);
    let frames = decode(&bytes, READ, |_| {});
    println!("{} bytes, {frames} frames, {} bytes a frame", bytes.len(), bytes.len() as u64 / frames);

    let mut group = criterion.benchmark_group("ami");
    for (unit, throughput) in
        [("bytes", Throughput::Bytes(bytes.len() as u64)), ("frames", Throughput::Elements(frames))]
    {
        group.throughput(throughput);
        group.bench_function(format!("decode, {unit}"), |bench| bench.iter(|| decode(&bytes, READ, |_| {})));
        group.bench_function(format!("decode by segments, {unit}"), |bench| {
            bench.iter(|| decode(&bytes, SEGMENT, |_| {}));
        });
        group.bench_function(format!("decode and look at seven headers, {unit}"), |bench| {
            bench.iter(|| decode(&bytes, READ, look));
        });
    }
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
