//! Says while building what the tests will miss. Models are built when a test asks for them (decision 002), so a
//! machine without Verilator builds everything.

use std::path::Path;

fn main() {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools");
    println!("cargo:rerun-if-changed={}", tools.join("models").display());
    println!("cargo:rerun-if-env-changed=PATH");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = |program: &str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    let verilator = tools.join("verilator/bin/verilator_bin").is_file() || in_path("verilator");
    if !verilator || !(in_path("clang++") || in_path("c++")) {
        println!(
            "cargo:warning=Verilator or a C++ compiler is missing: `cargo test` can run no test that simulates the \
             engine or a block; `cargo xtask setup` installs both"
        );
    }
}
