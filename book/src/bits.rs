//! The map of bits: what the engine keeps for a connection, a message context, a neighbour, memory by memory, computed
//! from the types in the sources.

use crate::blocks::documentation;
use anyhow::{bail, Context, Result};
use quote::ToTokens;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use syn::{Expr, Fields, Item, Lit, Type};

/// Where the page lies.
pub const PAGE: &str = "docs/bits.md";

/// File, memory, type of a row.
type Memory = (&'static str, &'static str, &'static str);

/// Memories by what a row belongs to: file in `rtl/src`, memory in that file, type of a row.
const MEMORIES: &[(&str, &[Memory])] = &[
    (
        "For each connection",
        &[
            ("connection/pipeline.rs", "table", "ConnectionRecord"),
            ("connection/pipeline.rs", "listening", "Listening"),
            ("connection/stock.rs", "counts", "Count"),
            ("connection/table.rs", "rows", "Row"),
            ("connection/table.rs", "links", "Link"),
            ("connection/lookup_front.rs", "homes", "Home"),
            ("connection/slots.rs", "list", "FreeSlot"),
            ("connection/reaper.rs", "memory", "Reported"),
            ("rx/receive_chain.rs", "chains", "Chain"),
            ("tx/chains.rs", "heads", "Position"),
            ("tx/chains.rs", "cursors", "Position"),
            ("tx/chains.rs", "tails", "Bits<16>"),
            ("tx/header_builder.rs", "peers", "Peer"),
            ("host/notifier.rs", "table", "Tuple"),
            ("network/moves.rs", "rows", "Row"),
        ],
    ),
    (
        "For each message context",
        &[("tx/pool.rs", "contexts", "MessageContext"), ("rx/receive_chain.rs", "contexts", "Context")],
    ),
    ("For each neighbour", &[("network/neighbours.rs", "table", "Entry")]),
];

/// A type that has a width.
enum Known {
    /// Fields: name, type, text.
    Record(Vec<(String, Type, String)>),
    /// So many variants.
    Encoding(usize),
}

/// All types of the sources, by file and name.
struct Types {
    known: HashMap<(PathBuf, String), Known>,
}

/// The page.
pub fn page(root: &Path) -> Result<String> {
    let types = Types::read(&root.join("rtl/src"))?;
    let mut text = String::from(
        "# Bits per connection\n\nWritten by `cargo xtask docs` from the types in `rtl/src`. Every row below is one row \
         of a memory; depths stand in\n`rtl/src/geometry.rs`. What a bit of the connection record costs besides its \
         memory: it is copied from stage to stage\nof the pipeline (`rtl/src/connection/pipeline.rs`).\n",
    );
    for (title, memories) in MEMORIES {
        text += &format!("\n## {title}\n\n| memory | file | row | bits |\n|---|---|---|---:|\n");
        let mut sum = 0;
        for (file, memory, row) in *memories {
            let source =
                std::fs::read_to_string(root.join("rtl/src").join(file)).with_context(|| format!("no {file}"))?;
            let declared = source.lines().any(|line| {
                let line = line.trim().trim_start_matches("pub ");
                line.starts_with(&format!("{memory}: ")) && line.contains(&format!("<{row}>"))
            });
            if !declared {
                bail!("{file} has no memory {memory} of {row}: mend MEMORIES in book/src/bits.rs");
            }
            let bits = types.width(Path::new(file), &syn::parse_str(row)?)?;
            sum += bits;
            text += &format!("| `{memory}` | `{file}` | `{row}` | {bits} |\n");
        }
        if memories.len() > 2 {
            text += &format!("| all | | | {sum} |\n");
        }
    }
    for (part, file) in [
        ("Hard", "bundles/record.rs"),
        ("Soft", "bundles/record.rs"),
        ("Row", "connection/table.rs"),
        ("Chain", "rx/receive_chain.rs"),
    ] {
        text += &types.fields(part, Path::new(file))?;
    }
    Ok(text)
}

impl Types {
    fn read(folder: &Path) -> Result<Self> {
        let mut known = HashMap::new();
        let mut files = Vec::new();
        crate::blocks::collect(folder, &mut files)?;
        for file in files {
            let parsed = syn::parse_file(&std::fs::read_to_string(&file)?)?;
            let path = file.strip_prefix(folder)?.to_path_buf();
            for item in parsed.items {
                let (name, attributes, found) = match item {
                    Item::Struct(item) => {
                        let Fields::Named(fields) = item.fields else { continue };
                        let field = |field: &syn::Field| {
                            let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
                            (name, field.ty.clone(), documentation(&field.attrs).join(" "))
                        };
                        (item.ident, item.attrs, Known::Record(fields.named.iter().map(field).collect()))
                    }
                    Item::Enum(item) => (item.ident, item.attrs, Known::Encoding(item.variants.len())),
                    _ => continue,
                };
                let derives = attributes.iter().filter(|attribute| attribute.path().is_ident("derive"));
                let derives: String = derives.map(|attribute| attribute.to_token_stream().to_string()).collect();
                if derives.contains("Record") || derives.contains("Encoding") {
                    known.insert((path.clone(), name.to_string()), found);
                }
            }
        }
        Ok(Types { known })
    }

    /// The type of this name that a file means: its own, its folder's, or the only one.
    fn find(&self, file: &Path, name: &str) -> Result<(&PathBuf, &Known)> {
        let named: Vec<(&PathBuf, &Known)> =
            self.known.iter().filter(|((_, other), _)| other == name).map(|((path, _), known)| (path, known)).collect();
        let own = |path: &Path| path == file;
        let beside = |path: &Path| path.parent() == file.parent();
        for meant in [&own as &dyn Fn(&Path) -> bool, &beside, &|_| true] {
            match named.iter().filter(|(path, _)| meant(path)).collect::<Vec<_>>().as_slice() {
                [] => {}
                [only] => return Ok(**only),
                _ => bail!("{}: several types {name}", file.display()),
            }
        }
        bail!("{}: no type {name}", file.display())
    }

    fn width(&self, file: &Path, kind: &Type) -> Result<usize> {
        match kind {
            Type::Array(array) => Ok(self.width(file, &array.elem)? * number(&array.len)?),
            Type::Path(path) => {
                let last = path.path.segments.last().context("a name")?;
                let name = last.ident.to_string();
                match (name.as_str(), &last.arguments) {
                    ("bool", _) => Ok(1),
                    ("Bits", syn::PathArguments::AngleBracketed(list)) => match list.args.first() {
                        Some(syn::GenericArgument::Const(count)) => number(count),
                        _ => bail!("{}: the width of {}", file.display(), kind.to_token_stream()),
                    },
                    _ => match self.find(file, &name)? {
                        (path, Known::Record(fields)) => fields.iter().map(|(_, kind, _)| self.width(path, kind)).sum(),
                        (_, Known::Encoding(variants)) => Ok(variants.next_power_of_two().trailing_zeros() as usize),
                    },
                }
            }
            other => bail!("{}: the width of {}", file.display(), other.to_token_stream()),
        }
    }

    /// The fields of a record as a table.
    fn fields(&self, name: &str, file: &Path) -> Result<String> {
        let (path, Known::Record(fields)) = self.find(file, name)? else { bail!("{name} is no record") };
        let mut text = format!("\n## {name}\n\nOf `{}`.\n\n| field | bits | |\n|---|---:|---|\n", path.display());
        for (field, kind, words) in fields {
            let first = words.split(". ").next().unwrap_or_default().trim_end_matches('.').replace('|', "\\|");
            text += &format!("| `{field}` | {} | {first} |\n", self.width(path, kind)?);
        }
        Ok(text)
    }
}

/// A literal number.
fn number(expression: &Expr) -> Result<usize> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => Ok(number.base10_parse()?),
            _ => bail!("no number"),
        },
        other => bail!("{} is no plain number", other.to_token_stream()),
    }
}
