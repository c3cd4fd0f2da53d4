# The lengths lie on the device, and nothing sorts: both are seen in other files.
# file: models/customer_encoder.py
from torch import nn
from torch.nn.utils import rnn


class CustomerEncoder(nn.Module):
    """Encodes what a customer did, event by event."""

    def __init__(self, features, hidden=128, layers=1):
        super().__init__()
        self.project = nn.Linear(features, hidden)
        self.gru = nn.GRU(hidden, hidden, layers, batch_first=True)
        self.norm = nn.LayerNorm(hidden)

    def forward(self, events, lengths):
        packed = rnn.pack_padded_sequence(self.project(events), lengths, batch_first=True)
        _, state = self.gru(packed)
        return self.norm(state[-1])


class CustomerChurn(nn.Module):
    def __init__(self, features, hidden=128):
        super().__init__()
        self.encoder = CustomerEncoder(features, hidden)
        self.head = nn.Linear(hidden, 1)

    def forward(self, events, lengths):
        return self.head(self.encoder(events, lengths)).squeeze(-1)


# file: data/customer_events.py
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader


def collate_customer_events(batch):
    events = [torch.as_tensor(item[0], dtype=torch.float32) for item in batch]
    lengths = torch.tensor([event.size(0) for event in events])
    labels = torch.tensor([float(item[1]) for item in batch])
    return pad_sequence(events, batch_first=True), lengths, labels


def customer_event_loaders(train, valid, batch_size=128, workers=2):
    options = {"batch_size": batch_size, "num_workers": workers, "collate_fn": collate_customer_events}
    return DataLoader(train, shuffle=True, **options), DataLoader(valid, **options)


# file: training/train_customer_churn.py
import torch
from torch import nn

from package_name.data.customer_events import customer_event_loaders
from package_name.models.customer_encoder import CustomerChurn


def evaluate_customer_churn(model, loader, device):
    model.eval()
    right = seen = 0
    with torch.no_grad():
        for events, lengths, labels in loader:
            events, lengths, labels = events.to(device), lengths.to(device), labels.to(device)
            right += ((model(events, lengths) > 0) == (labels > 0.5)).sum().item()
            seen += labels.numel()
    return right / seen if seen else 0.0


def train_customer_churn(train, valid, features, epochs=20):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = CustomerChurn(features).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-4)
    criterion = nn.BCEWithLogitsLoss()
    train_loader, valid_loader = customer_event_loaders(train, valid)
    best = 0.0
    for _ in range(epochs):
        model.train()
        for events, lengths, labels in train_loader:
            events, lengths, labels = events.to(device), lengths.to(device), labels.to(device)
            optimizer.zero_grad()
            criterion(model(events, lengths), labels).backward()
            optimizer.step()
        best = max(best, evaluate_customer_churn(model, valid_loader, device))
    return best
