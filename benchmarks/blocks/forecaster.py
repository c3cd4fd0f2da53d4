# Windows of one length: nothing is padded, and nothing is to be said.
# file: models/sensor_forecaster.py
import torch
from torch import nn


class SensorForecaster(nn.Module):
    """Predicts the next readings from a window of readings."""

    def __init__(self, sensors: int, horizon: int = 12, hidden: int = 64, layers: int = 2):
        super().__init__()
        self.horizon = horizon
        self.rnn = nn.GRU(sensors, hidden, num_layers=layers, batch_first=True)
        self.head = nn.Linear(hidden, horizon * sensors)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        states, _ = self.rnn(window)
        return self.head(states[:, -1]).view(window.size(0), self.horizon, -1)


# file: data/sensor_windows.py
import numpy as np
import torch
from torch.utils.data import Dataset


class SensorWindows(Dataset):
    def __init__(self, readings: np.ndarray, width: int = 96, horizon: int = 12, step: int = 1):
        self.readings = torch.from_numpy(np.ascontiguousarray(readings, dtype=np.float32))
        self.width, self.horizon = width, horizon
        self.starts = range(0, len(readings) - width - horizon + 1, step)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        start = self.starts[index]
        middle = start + self.width
        return self.readings[start:middle], self.readings[middle : middle + self.horizon]


# file: training/train_sensor_forecaster.py
import torch
from torch.utils.data import DataLoader

from package_name.data.sensor_windows import SensorWindows
from package_name.models.sensor_forecaster import SensorForecaster


def train_sensor_forecaster(readings, epochs=5, width=96, horizon=12):
    loader = DataLoader(SensorWindows(readings, width, horizon), batch_size=256, shuffle=True, drop_last=True)
    model = SensorForecaster(readings.shape[1], horizon)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    history = []
    for _ in range(epochs):
        for window, target in loader:
            optimizer.zero_grad()
            loss = torch.nn.functional.smooth_l1_loss(model(window), target)
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        scheduler.step()
    return model, history
