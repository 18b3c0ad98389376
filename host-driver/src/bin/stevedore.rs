//! The driver program: see `stevedore --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match stevedore_driver::program::run(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
