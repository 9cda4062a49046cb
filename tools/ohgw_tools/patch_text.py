"""PatchText: the plain-text format that chat models write patches in, read in leniently.

Grammar (words in capitals are literal; commands stand at the start of a line, outside fences):

    answer   := (header | block | prose)*
    header   := "NOTE:" one line of text
              | "ANSWERS:" fingerprints of findings, separated by commas
    block    := "FILE:" path newline search+
              | "REPLACE DEFINITION" path name newline fence
              | "INSERT DEFINITION" path (("AFTER" | "BEFORE") name)? newline fence
              | "REMOVE DEFINITION" path name
              | "ADD IMPORT" path newline fence
              | "SET KEY" path keypath newline fence      (or: SET KEY path keypath = value)
              | "REMOVE KEY" path keypath
              | "APPEND ITEM" path keypath newline fence  (or: APPEND ITEM path keypath = value)
              | "NEW FILE" path newline fence
              | a unified diff, fenced or not
    search   := "<<<<<<< SEARCH" newline old "=======" newline new ">>>>>>> REPLACE" newline
    fence    := "```" language? newline content "```"
    keypath  := part ("." part | "[" number "]" | "[" id "]")*      part := word | quoted text

For instance:

    NOTE: the loader for WIKITEXT_103 was missing
    ANSWERS: 0f3a9c21b7d4e856

    FILE: src/preprocess.py
    <<<<<<< SEARCH
        raise NotImplementedError(name)
    =======
        if name == "WIKITEXT_103":
            return _wikitext(cfg)
        raise NotImplementedError(name)
    >>>>>>> REPLACE

    INSERT DEFINITION src/preprocess.py BEFORE get_dataloader
    ```python
    def _wikitext(cfg):
        return load_dataset("wikitext", "wikitext-103-raw-v1")
    ```

    SET KEY config/smoke_test.yaml runs[pasha-baseline].training.epochs = 1

Rules: the lines between SEARCH and ======= must stand in the file exactly once, as whole lines; an
empty old part is refused. `name` is dotted for members (`Net.forward`). `[id]` picks the list item
that has a key whose name ends in `id` or `name` with that value. Values are YAML. A fence whose
content has a line of three backticks must be longer. Several blocks may change one file; they apply
in their order. Everything applies or nothing does. JSON of the form `{"edits": [...]}` (the schema
of `ohgw_tools.edit.Patch`) is read as well.
"""
