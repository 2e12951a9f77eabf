"""Which DICOM transfer syntaxes this installation decodes."""


def decodable() -> dict[str, bool]:
    """Return every transfer syntax pydicom has a decoder for, by name, and whether a library behind it is installed."""
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import AllTransferSyntaxes

    found = {}
    for syntax in AllTransferSyntaxes:
        try:
            decoder = get_decoder(syntax)
        except NotImplementedError:
            continue
        found[syntax.name] = bool(decoder.is_available)
    return found
