"""packlint finds, rewrites and proves packing bugs of recurrent layers in PyTorch code."""

__version__ = "0.1.0"
