//! Reads the blocks from the RTL's sources: a module's text, its blocks, their ports, and what is inside them.

use anyhow::{Context, Result};
use quote::ToTokens;
use std::path::{Path, PathBuf};
use syn::{Attribute, Expr, Fields, Item, ItemStruct, Lit, Meta, Type, Visibility};

/// Folders with blocks, from the root.
const SOURCES: [&str; 3] = ["rtl/src", "hdl/src/blocks", "fpga/src"];

/// A source file with at least one block.
#[derive(Debug)]
pub struct Module {
    /// Its path from the root.
    pub path: PathBuf,
    /// The folder of its page: `rx`, `hdl`, or `engine` for what lies in no folder.
    pub folder: String,
    /// The file's name without its ending, which is the block's name too.
    pub name: String,
    /// The text in front of the first heading.
    pub summary: String,
    /// Headings and the texts below them.
    pub sections: Vec<(String, String)>,
    /// Its blocks, the first public one first.
    pub blocks: Vec<Block>,
}

/// A block.
#[derive(Debug)]
pub struct Block {
    /// Its type.
    pub name: String,
    /// Its ports in the order of the source.
    pub ports: Vec<Port>,
    /// Names and types of the blocks inside it.
    pub inside: Vec<(String, String)>,
}

/// Which way a port goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A signal in.
    In,
    /// A signal out.
    Out,
    /// A channel in.
    Sink,
    /// A channel out.
    Source,
}

/// A port.
#[derive(Debug)]
pub struct Port {
    /// Its name; with the number of copies if it is an array.
    pub name: String,
    /// Which way it goes.
    pub way: Way,
    /// The type of its words.
    pub carries: String,
    /// What its source says.
    pub text: String,
}

/// Every module with a block, in the order of the paths.
pub fn read(root: &Path) -> Result<Vec<Module>> {
    let mut files = Vec::new();
    for source in SOURCES {
        collect(&root.join(source), &mut files)?;
    }
    files.sort();
    let mut modules = Vec::new();
    for file in files {
        let path = file.strip_prefix(root)?.to_path_buf();
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", path.display()))?;
        let parsed = syn::parse_file(&text).with_context(|| format!("{} is no Rust", path.display()))?;
        modules.extend(module(path, &parsed));
    }
    let known: Vec<String> =
        modules.iter().flat_map(|module| module.blocks.iter().map(|block| block.name.clone())).collect();
    for block in modules.iter_mut().flat_map(|module| &mut module.blocks) {
        block.inside.retain(|(_, kind)| known.contains(kind));
    }
    Ok(modules)
}

/// All Rust sources of a folder.
pub fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("no folder {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn module(path: PathBuf, parsed: &syn::File) -> Option<Module> {
    let structs = parsed.items.iter().filter_map(|item| match item {
        Item::Struct(item) if is_block(item) => Some(item),
        _ => None,
    });
    let (public, private): (Vec<_>, Vec<_>) = structs.partition(|item| matches!(item.vis, Visibility::Public(_)));
    let blocks: Vec<Block> = public.into_iter().chain(private).map(block).collect();
    if blocks.is_empty() {
        return None;
    }
    let (summary, sections) = sections(&documentation(&parsed.attrs));
    let name = path.file_stem()?.to_str()?.to_string();
    let parent = path.parent()?.file_name()?.to_str()?;
    let folder = match (path.components().next()?.as_os_str().to_str()?, parent) {
        ("hdl", _) => "hdl",
        ("fpga", "src") => "fpga",
        (_, "src") => "engine",
        (_, parent) => parent,
    };
    Some(Module { folder: folder.to_string(), path, name, summary, sections, blocks })
}

fn is_block(item: &ItemStruct) -> bool {
    item.attrs.iter().any(|attribute| {
        attribute.path().is_ident("derive") && attribute.to_token_stream().to_string().contains("LogicBlock")
    })
}

fn block(item: &ItemStruct) -> Block {
    let mut block = Block { name: item.ident.to_string(), ports: Vec::new(), inside: Vec::new() };
    let Fields::Named(fields) = &item.fields else { return block };
    for field in &fields.named {
        let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        let (kind, count) = match &field.ty {
            Type::Array(array) => (&*array.elem, format!("[{}]", tidy(&array.len))),
            other => (other, String::new()),
        };
        match port_type(kind) {
            Some((way, carries)) if matches!(field.vis, Visibility::Public(_)) => {
                let text = plain(&documentation(&field.attrs));
                block.ports.push(Port { name: name + &count, way, carries, text });
            }
            _ => block.inside.push((name, head(kind))),
        }
    }
    block
}

/// The way of a port and the type of its words, if the type is that of a port.
fn port_type(kind: &Type) -> Option<(Way, String)> {
    let Type::Path(path) = kind else { return None };
    let last = path.path.segments.last()?;
    let arguments = match &last.arguments {
        syn::PathArguments::AngleBracketed(list) => list.args.iter().map(tidy).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    match (last.ident.to_string().as_str(), arguments.as_slice()) {
        ("Sink", [word]) => Some((Way::Sink, word.clone())),
        ("Source", [word]) => Some((Way::Source, word.clone())),
        ("Signal", [way, word]) => Some((if way == "In" { Way::In } else { Way::Out }, word.clone())),
        _ => None,
    }
}

/// The name of a type without what it is made for.
fn head(kind: &Type) -> String {
    match kind {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default(),
        other => tidy(other),
    }
}

/// Tokens as one writes them.
fn tidy(tokens: &impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    text.replace(" < ", "<")
        .replace(" <", "<")
        .replace("< ", "<")
        .replace(" >", ">")
        .replace(" ,", ",")
        .replace(" :: ", "::")
}

/// The lines of a documentation comment.
pub fn documentation(attributes: &[Attribute]) -> Vec<String> {
    let line = |attribute: &Attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value().strip_prefix(' ').map_or(text.value(), str::to_string)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    };
    attributes.iter().filter_map(line).collect()
}

/// The lines up to the first heading, and every heading with its lines.
fn sections(lines: &[String]) -> (String, Vec<(String, String)>) {
    let mut parts: Vec<(String, Vec<String>)> = vec![(String::new(), Vec::new())];
    for line in lines {
        match (line.strip_prefix("# "), parts.last_mut()) {
            (Some(heading), _) => parts.push((heading.to_string(), Vec::new())),
            (None, Some((_, text))) => text.push(line.clone()),
            (None, None) => {}
        }
    }
    let mut parts = parts.into_iter().map(|(heading, lines)| (heading, plain(&lines)));
    let summary = parts.next().map(|(_, text)| text).unwrap_or_default();
    (summary, parts.collect())
}

/// Lines as Markdown that needs no rustdoc: its links to items become their names.
fn plain(lines: &[String]) -> String {
    let text = lines.join("\n").trim().to_string();
    let named = regex::Regex::new(r"\[`([^`\]]+)`\](\([^)]*\))?").expect("the pattern is valid");
    named
        .replace_all(&text, |found: &regex::Captures| {
            let path = &found[1];
            format!("`{}`", path.trim_start_matches("super::").trim_start_matches("crate::"))
        })
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "//! Counts.\n//!\n//! # Role\n//! Behind [`Other`](super::Other).\n\
        /// A counter.\n#[derive(LogicBlock, Default)]\npub struct Counter<const W: usize> {\n/// Clock.\n\
        pub clock: Signal<In, Clock>,\n/// Words.\npub s_in: [Sink<Beat<W>>; 2],\ncount: Register<Bits<8>>,\n\
        inner: Inner<W>,\n}\n#[derive(LogicBlock)]\nstruct Inner<const W: usize> { }\n";

    #[test]
    fn a_block_is_read_from_its_source() {
        let parsed = syn::parse_file(SOURCE).unwrap();
        let module = module("rtl/src/rx/counter.rs".into(), &parsed).unwrap();
        assert_eq!((module.folder.as_str(), module.name.as_str()), ("rx", "counter"));
        assert_eq!(module.summary, "Counts.");
        assert_eq!(module.sections, [("Role".to_string(), "Behind `Other`.".to_string())]);
        let block = &module.blocks[0];
        assert_eq!(block.name, "Counter");
        let ports: Vec<_> =
            block.ports.iter().map(|port| (port.name.as_str(), port.way, port.carries.as_str())).collect();
        assert_eq!(ports, [("clock", Way::In, "Clock"), ("s_in[2]", Way::Sink, "Beat<W>")]);
        assert_eq!(block.inside[1], ("inner".to_string(), "Inner".to_string()));
    }
}
