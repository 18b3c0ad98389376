//! The model of a connection's send side: what was posted, sent and acknowledged, as numbers of stream bytes.
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug)]
pub struct Buffer {
    /// Stream position of its first byte.
    pub begin: u64,
    pub address: u64,
    pub length: u64,
    pub cookie: u32,
}

#[derive(Clone, Debug, Default)]
pub struct Chain {
    pub buffers: VecDeque<Buffer>,
    pub una: u64,
    pub cursor: u64,
    /// Behind the last byte ever sent.
    pub max: u64,
    pub end: u64,
}

impl Chain {
    pub fn append(&mut self, address: u64, length: u64, cookie: u32) {
        self.buffers.push_back(Buffer { begin: self.end, address, length, cookie });
        self.end += length;
    }

    /// Address and length of every run of memory of `length` bytes from `from`.
    pub fn pieces(&self, from: u64, length: u64) -> Vec<(u64, u64)> {
        let to = from + length;
        let overlap = |b: &Buffer| {
            let (begin, end) = (b.begin.max(from), (b.begin + b.length).min(to));
            (begin < end).then(|| (b.address + (begin - b.begin), end - begin))
        };
        let first = self.buffers.partition_point(|b| b.begin + b.length <= from);
        self.buffers.iter().skip(first).take_while(|b| b.begin < to).filter_map(overlap).collect()
    }

    /// Takes an acknowledgement; gives back the buffers it uses up.
    pub fn release(&mut self, length: u64) -> Vec<Buffer> {
        self.una += length;
        self.max = self.max.max(self.una);
        let used = self.buffers.partition_point(|b| b.begin + b.length <= self.una);
        self.buffers.drain(..used).collect()
    }

    /// The end: gives back every buffer with the bytes of it that were acknowledged.
    pub fn tear_down(&mut self) -> Vec<(Buffer, u64)> {
        let una = self.una;
        let all = self.buffers.drain(..).map(|b| (b, una.saturating_sub(b.begin))).collect();
        *self = Chain::default();
        all
    }
}
